"""The units of deploy/systemd as systemd reads them: a file, and what holds for all named veto-….service."""

from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SYSTEMD = ROOT / "deploy" / "systemd"
COMMON = SYSTEMD / "veto-.service.d" / "veto.conf"


@dataclass
class Unit:
    """Its section [Service]: what was said last, but for what adds up."""

    settings: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def read(self, file: Path, instance: str) -> None:
        section = ""
        for line in file.read_text().replace("%i", instance).splitlines():
            if line.startswith("["):
                section = line
            elif section == "[Service]" and not line.startswith("#") and (name := line.partition("=")[0]):
                value = line.partition("=")[2]
                self.settings[name] = value
                if name == "Environment":
                    self.environment |= dict(part.split("=", 1) for part in value.split())


def unit(name: str) -> Unit:
    """Of `veto-worker`, or of an instance, `veto-web@8001`."""
    template, at, instance = name.partition("@")
    made = Unit()
    for file in (SYSTEMD / f"{template}{at}.service", COMMON):
        made.read(file, instance)
    return made
