"""What a figure was measured on."""

import os
import platform
from pathlib import Path
from typing import Any


def machine(**more: Any) -> dict[str, Any]:
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": model[0].partition(":")[2].strip() if model else platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **more,
    }
