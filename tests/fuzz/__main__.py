"""`python -m tests.fuzz SECONDS`: every target for its share of them; `python -m tests.fuzz NAME ARGUMENT…`: one.

Each runs in a process of its own under atheris (libFuzzer), which hands on what reaches new lines of our code and of
what is imported by it. An input that fails stays in `.fuzz/`; run it again by `python -m tests.fuzz NAME FILE`.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

NAMES = ("image", "packed", "reply", "received", "segments")
LIMITS = ("-timeout=20", "-rss_limit_mb=4096", "-max_len=8192", "-verbosity=0", "-print_final_stats=1")
# numba compiles these, and takes no call that atheris puts in.
KERNELS = [
    f"matching.index.{name}"
    for name in ("kernels", "comparison_kernels", "details_kernels", "agreement_kernels", "intrinsics")
]
ROOT = Path(__file__).resolve().parents[2]
FOUND = ROOT / ".fuzz"


def all_of_them(seconds: float) -> int:
    FOUND.mkdir(exist_ok=True)
    share = max(1, round(seconds / len(NAMES)))
    failed = False
    for name in NAMES:
        with tempfile.TemporaryDirectory() as folder:
            corpus = Path(folder, "corpus")
            corpus.mkdir()
            options = [str(corpus), f"-max_total_time={share}", f"-artifact_prefix={FOUND}/{name}-", *LIMITS]
            done = subprocess.run(
                [sys.executable, "-m", "tests.fuzz", name, *options],
                stderr=subprocess.PIPE,
                text=True,
                check=False,
                env=os.environ | {"TMPDIR": folder},
            )
        runs = [line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line]
        print(f"{name}: {runs[0] if runs else 'no'} inputs, {'nothing found' if not done.returncode else 'FAILED'}")
        if done.returncode:
            failed = True
            print(done.stderr[-4000:])
    return int(failed)


def one(name: str, arguments: list[str]) -> None:
    import atheris

    os.environ.setdefault("VETO_ENV_FILE", ".env.example")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with atheris.instrument_imports(include=["matching", "consent", "PIL"], exclude=KERNELS):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    for folder in (Path(each) for each in arguments if Path(each).is_dir()):
        for number, seed in enumerate(target.seeds()):
            (folder / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], *arguments], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1] in NAMES:
        one(sys.argv[1], sys.argv[2:])
    else:
        sys.exit(all_of_them(float(sys.argv[1])))
