"""Every address of the site, read from the URL patterns themselves, so that a test can't forget one."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver


def addresses() -> list[str]:
    """The name of each address, with its namespace; its path where it has no name."""
    return list(walk(get_resolver()))


def walk(resolver: URLResolver, path: str = "", spaces: tuple[str, ...] = ()) -> Iterator[str]:
    for entry in resolver.url_patterns:
        below = path + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield ":".join((*spaces, entry.name)) if entry.name else below
        else:
            yield from walk(entry, below, (*spaces, entry.namespace) if entry.namespace else spaces)
