"""What the environment decides about the dashboard, and all that is configured of Streamlit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from loaders.errors import LoaderError
from serving.dashboard.colours import DARK, LIGHT

# Options of `streamlit run`; there is no other configuration of it.
OPTIONS: dict[str, str] = {
    # Nothing leaves this machine. (With an address set, Streamlit does not ask a server outside for its own either.)
    "browser.gatherUsageStats": "false",
    "client.showErrorLinks": "false",
    # No browser is opened, nobody is asked for an e-mail address, no file is watched.
    "server.headless": "true",
    "server.showEmailPrompt": "false",
    "server.fileWatcherType": "none",
    # Downloads are ours: those of Streamlit's tables hand formulas on to spreadsheets.
    "client.disableDataExport": "true",
    # Who looks sees no tools for developers and, of an error that nobody expected, its kind.
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "type",
    # Room for numbers, on a phone too.
    "theme.paddingTop": "3rem",
    "theme.metricValueFontSize": "1.5rem",
    "theme.light.primaryColor": LIGHT.accent,
    "theme.dark.primaryColor": DARK.accent,
}


@dataclass(frozen=True)
class Settings:
    """Where the dashboard listens: `DASHBOARD_HOST` and `DASHBOARD_PORT`.

    It asks nobody for a password, so by default this machine alone can open it.
    """

    host: str = "127.0.0.1"
    port: int = 8501

    def options(self) -> list[str]:
        """Return the options of `streamlit run`."""
        options = {**OPTIONS, "server.address": self.host, "server.port": str(self.port)}
        return [f"--{name}={value}" for name, value in options.items()]


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; a variable that is not set or empty leaves the default.

    Raises:
        LoaderError: The port is none.
    """
    host = environment.get("DASHBOARD_HOST", "").strip() or Settings.host
    port = environment.get("DASHBOARD_PORT", "").strip() or str(Settings.port)
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise LoaderError(f"DASHBOARD_PORT can't be {port!r}.", "Write it like 8501.")
    return Settings(host, int(port))
