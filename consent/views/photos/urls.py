"""The addresses of a person's photos."""

from django.urls import path

from consent.views.photos import activity, adding, default, details, export, leaving, listing, one

urlpatterns = [
    path("photos", listing.photos, name="photos"),
    path("photos/change", listing.change, name="photos-change"),
    path("photos/withdraw", listing.withdraw, name="photos-withdraw"),
    path("photos/restore", listing.restore, name="photos-restore"),
    path("photos/add", adding.before, name="photos-add"),
    path("photos/upload", adding.upload, name="photos-upload"),
    path("photos/default", default.default_choice, name="photos-default"),
    path("photos/drop-details", details.drop_of_all, name="photos-drop-details"),
    path("photos/activity", activity.activity, name="activity"),
    path("photos/activity.json", activity.activity_json, name="activity-json"),
    path("photos/activity.csv", activity.activity_csv, name="activity-csv"),
    path("photos/export", export.export, name="export"),
    path("photos/export.json", export.export_json, name="export-json"),
    path("photos/export.csv", export.export_csv, name="export-csv"),
    path("photos/<uuid:photo>", one.photo, name="photo"),
    path("photos/<uuid:photo>/choose", one.choose, name="photo-choose"),
    path("photos/<uuid:photo>/rename", one.rename, name="photo-rename"),
    path("photos/<uuid:photo>/drop-details", details.drop_of_one, name="photo-drop-details"),
    path("photos/<uuid:photo>/erase", one.erase, name="photo-erase"),
    path("account/erase", leaving.erase_account, name="erase-account"),
]
