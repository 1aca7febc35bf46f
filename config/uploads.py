"""Uploaded photos stay in memory, bounded; there is no temporary file, however large a photo is."""

import io
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopFutureHandlers

MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_REQUEST_BYTES = 120 * 1024 * 1024


class InMemory(FileUploadHandler):
    """Keeps each file within the limits of a file and of all files of a form.

    Of one beyond them nothing is kept but its size, so that the others of its form are not lost with it.
    """

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.kept_bytes = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.file: io.BytesIO | None = io.BytesIO()
        raise StopFutureHandlers

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.file is None:
            return
        self.kept_bytes += len(raw_data)
        if start + len(raw_data) > MAX_FILE_BYTES or self.kept_bytes > MAX_REQUEST_BYTES:
            self.kept_bytes -= start + len(raw_data)
            self.file = None
        else:
            self.file.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        kept = self.file
        if kept is not None:
            kept.seek(0)
        return InMemoryUploadedFile(
            file=kept or io.BytesIO(),
            field_name=self.field_name,
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
