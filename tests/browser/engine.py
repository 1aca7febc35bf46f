"""The hashing engine in a window: photos go in as bytes, hashes come out as the tests of the server write them."""

import base64
from typing import Any

from django.conf import settings

from tests.browser.window import Window

OPEN = """async ([module, definitions, workers]) => {
  const {createHasher, selfTest} = await import(module);
  window.selfTest = selfTest;
  window.hasher = createHasher({...await (await fetch(definitions)).json(), workers: workers ?? undefined});
}"""
ASK = """async ([what, photo, kind, options]) => {
  const blob = new Blob([Uint8Array.from(atob(photo), (c) => c.charCodeAt(0))], {type: kind});
  try {
    const answer = await hasher[what](blob, options);
    return {...answer, detailsLater: await answer.detailsLater};
  } catch (error) {
    return {code: error.code ?? String(error)};
  }
}"""


class Engine:
    def __init__(self, window: Window, workers: int | None = 1) -> None:
        self.page = window.page
        window.open("help")
        module = window.base + settings.STATIC_URL + "js/hashing/index.js"
        self.page.evaluate(OPEN, [module, window.path("hashing-definitions"), workers])

    def ask(self, what: str, photo: bytes, kind: str = "", **options: Any) -> dict[str, Any]:
        """What `hash` or `query` gives, or the code of its error."""
        answer: dict[str, Any] = self.page.evaluate(ASK, [what, base64.b64encode(photo).decode(), kind, options])
        return answer

    def stored(self, photo: bytes) -> list[str]:
        return lines(self.ask("hash", photo)["fingerprint"])

    def asked(self, photo: bytes) -> list[str]:
        return lines(self.ask("query", photo))


def lines(fingerprint: dict[str, Any]) -> list[str]:
    """As `tests.vectors` writes them."""
    return [
        f"{item['frame']} {item['view']} {item.get('orientation', 'original')} {item['algorithm']} {item['hash']} "
        f"{item['quality']} {item.get('texture', '-')}"
        for item in fingerprint["hashes"]
    ]
