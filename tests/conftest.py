"""What several test modules share. Does not belong here: anything that only one module uses."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import hypothesis
import pytest
from bureau import Bureau, deliver_detail

from pipelines.nightly import ALL_PUBLISHED, run_night
from pipelines.settings import Settings

CHECKOUT = Path(__file__).parent.parent

# How long an example takes says how busy the machine is, not whether the program is right.
hypothesis.settings.register_profile("however long", deadline=None)
hypothesis.settings.load_profile("however long")


def require_program(name: str, package: str) -> str:
    """The path of an installed program; without it the test is skipped by its Debian package's name, in CI it fails."""
    found = shutil.which(name) or next(map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)
    if found is None:
        message = f"{name} is not installed: apt install {package}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture
def bureau(tmp_path: Path) -> Bureau:
    """A raw directory and a warehouse of the test's own."""
    return Bureau(tmp_path)


@pytest.fixture(scope="session")
def _after_a_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a bureau has published the deliveries of ``deliver_detail``; to be copied."""
    directory = tmp_path_factory.mktemp("detail")
    bureau = Bureau(directory)
    deliver_detail(bureau)
    assert bureau.night().exit_code == ALL_PUBLISHED
    return directory


@pytest.fixture
def published_bureau(_after_a_night: Path, tmp_path: Path) -> Bureau:
    """A bureau of the test's own whose first night has published the deliveries of ``deliver_detail``."""
    return Bureau(shutil.copytree(_after_a_night, tmp_path / "bureau"))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """What a fresh clone publishes: the deliveries that come with the project after their first night; to be read."""
    settings = Settings(raw=CHECKOUT / "raw", warehouse=tmp_path_factory.mktemp("sample") / "warehouse")
    assert run_night(settings).exit_code == ALL_PUBLISHED
    return settings
