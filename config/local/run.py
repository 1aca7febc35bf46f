"""`make run`: Veto on this machine until Ctrl-C."""

import contextlib
import shlex
import time
from collections.abc import Mapping

from config.local.adoption import adopt_orphans, end_descendants, reap_adopted
from config.local.application import Address, application, counted_in_memory, exporter, manage
from config.local.ask import await_ready
from config.local.example import curl, prepare_example
from config.local.failure import LocalError
from config.local.folders import sweep
from config.local.home import FULL_BYTES, Home, chosen_home
from config.local.record import end_leftovers, note
from config.local.services import Services
from config.local.supervisor import Supervisor
from config.local.terminal import EndingError, raise_when_ended, say, when_ended_again

TICK = 0.2
RESTORED = """
This database was put back from a backup, or another took its place. It is closed until its losses are settled:
see docs/backup.md. In another terminal:

VETO_HOME={home} .venv/bin/python manage.py restored
"""


def run(given: Mapping[str, str]) -> int:
    """0 after Ctrl-C or SIGTERM; LocalError when Veto cannot go on."""
    raise_when_ended()
    adopt_orphans()
    address = Address.chosen(given)
    home = Home(chosen_home(given))
    supervisor = Supervisor(lambda pids: note(home, pids))
    try:
        home.open()
        start(home, given, address, supervisor)
        while True:
            supervisor.check()
            reap_adopted(supervisor.pids())
            time.sleep(TICK)
    except EndingError:
        say("\nStopping.")
    except LocalError as error:
        raise explained(error, home) from error
    finally:
        when_ended_again(supervisor.kill_children)
        supervisor.stop()
        end_descendants()
        home.close()
    say("Stopped.")
    return 0


def metrics_address(given: Mapping[str, str], public: Address) -> Address | None:
    """A free port unless one is chosen; None for 0. Raises LocalError for the public one."""
    if given.get("METRICS_PORT") == "0":
        return None
    address = Address.chosen(given, prefix="METRICS_", default=str(Address.free().port))
    if address.port == public.port:
        raise LocalError(f"METRICS_PORT is {address.port} as PORT is: metrics are for nobody else to see.")
    address.insist_free("METRICS_PORT")
    return address


def explained(error: LocalError, home: Home) -> LocalError:
    """A full disk shows in many ways; the cause comes first."""
    with contextlib.suppress(OSError):
        if home.free_bytes() < FULL_BYTES:
            return LocalError(f"The disk of {home.path} is full: free some space and start again.\n{error}")
    return error


def start(home: Home, given: Mapping[str, str], address: Address, supervisor: Supervisor) -> None:
    if end_leftovers(home):
        say("Ended what a killed run had left running.")
    sweep()
    address.insist_free()
    scraped = metrics_address(given, address)
    say(f"Veto starts. Data, secrets and logs: {home.path}")
    services = Services(home, given)
    for service in (services.postgres, services.valkey):
        if service is not None:
            supervisor.start(service)
    environment = services.children_environment(given)
    manage(home, environment, "migrate", "--noinput")
    manage(home, environment, "compile_messages")
    counting = counted_in_memory() if scraped else {}
    for child in application(home, environment, address, counting):
        supervisor.start(child)
    if scraped:
        supervisor.start(exporter(home, environment | counting, scraped))
    await_ready(address, supervisor.check, lambda: say(RESTORED.format(home=shlex.quote(str(home.path)))))
    key = prepare_example(home, environment, address)
    say(f"Veto answers at {address.url} (Ctrl-C stops it).")
    if scraped:
        say(f"Prometheus finds its metrics at {scraped.url}/metrics.")
    say(f"A platform's key: {key}")
    say(f"Ask whether a photo is protected:\n\n{curl(home, address, key)}\n")
