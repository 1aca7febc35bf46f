"""`make generator`: the example, beside `make run`.

VETO_URL and VETO_KEY say which registry is asked and as whom; left out, the one of `make run` on this machine, with the
key that it printed.
"""

import json
import logging
import os
import sys
from pathlib import Path

from veto_client import Veto
from werkzeug.serving import run_simple

from examples.generator.app import application

HOST = "127.0.0.1"


def key_of_make_run() -> str:
    try:
        return str(json.loads(Path(os.environ.get("VETO_HOME", ".veto"), "example.json").read_text())["key"])
    except (OSError, ValueError, KeyError):
        sys.exit("There is no key: start `make run` in another terminal first, or set VETO_KEY.")


def main() -> None:
    url = os.environ.get("VETO_URL") or f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
    key = os.environ.get("VETO_KEY") or key_of_make_run()
    port = int(os.environ.get("GENERATOR_PORT", "8100"))
    print(f"The generator answers at http://{HOST}:{port} and asks {url} (Ctrl-C stops it).", flush=True)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # says at every start that it is made for development
    run_simple(HOST, port, application(Veto(url, key, proof=True)), threaded=True)


if __name__ == "__main__":
    main()
