"""What one kind of request waits for, another does not."""

from config.front import LARGE_BYTES, SHORT_BYTES, Front
from config.lanes import Lane


def test_a_check_of_one_hash_waits_for_no_page_no_image_and_no_whole_query() -> None:
    front = Front(lambda _, __: [])

    def lanes(*asked: tuple[str, int]) -> set[Lane]:
        return {front.lane_of(path, length) for path, length in asked}

    short = lanes(("/v1/check", 150), ("/v1/check", SHORT_BYTES))
    whole = lanes(("/v1/check", SHORT_BYTES + 1), ("/v1/check/batch", LARGE_BYTES))
    large = lanes(("/v1/check/image", 150), ("/v1/check", LARGE_BYTES + 1), ("/photos/add", LARGE_BYTES + 1))
    others = lanes(("/", 0), ("/login", 300), ("/v1/me", 0), ("/v1/changes", 0), ("/readyz", 0))
    alive = lanes(("/healthz", 0))
    assert len(short) == len(whole) == len(large) == len(others) == 1
    assert len(short | whole | large | others | alive) == 5
