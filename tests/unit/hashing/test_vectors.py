"""The test vectors that clients are built against stay what they are."""

import base64

from matching.hashing.vectors import vectors
from tests.vectors import drawn, served


def test_the_vectors_are_what_is_made_of_the_image_that_is_served() -> None:
    held = vectors()
    assert served(base64.b64decode(held["image"])) == held


def test_the_image_is_the_one_that_is_drawn() -> None:
    import io

    from PIL import Image

    held = Image.open(io.BytesIO(base64.b64decode(vectors()["image"])))
    assert held.tobytes() == Image.open(io.BytesIO(drawn())).tobytes()
