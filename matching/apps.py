from django.apps import AppConfig


class Matching(AppConfig):
    name = "matching"
