"""Commands over photos: one JSON object a file on stdout, a problem object for a bad one, which does not stop the rest."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from django.core.management import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError
from tqdm import tqdm

from matching.api.problems import Problem
from matching.hashing.decoder import DecoderUnavailable, ImageError
