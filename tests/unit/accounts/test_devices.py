"""What is kept of a user agent."""

import pytest

from consent.accounts.sessions import device

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "kept"),
    [
        ("Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0", "Firefox · Android"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/142.0 Safari/537.36 Edg/142.0", "Edge · Windows"),
        (f"Mozilla/5.0 (Linux; Android 15) {WEBKIT} SamsungBrowser/28 Chrome/130 Safari/537.36",
         "Samsung Internet · Android"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/18.0 Safari/605.1.15", "Safari · Mac"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari · iPhone"),
        ("curl/8.5.0", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_the_kind_of_device(agent: str, kept: str) -> None:
    assert device(agent) == kept
    assert device(device(agent)) == kept
