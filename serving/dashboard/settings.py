"""What the environment decides about the dashboard, and all that is configured of Streamlit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from loaders.errors import LoaderError
from serving.dashboard.colours import DARK, LIGHT

VARIABLES = ("DASHBOARD_HOST", "DASHBOARD_PORT", "DASHBOARD_NAME")
# Options of `streamlit run`; there is no other configuration of it.
OPTIONS: dict[str, str] = {
    # Nothing leaves this machine. (For the message at the start, Streamlit would ask a server outside for its address.)
    "browser.gatherUsageStats": "false",
    "client.showErrorLinks": "false",
    "logger.hideWelcomeMessage": "true",
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
    "theme.headingFontSizes": '["2rem", "1.5rem", "1.3rem"]',
    "theme.metricValueFontSize": "1.5rem",
    "theme.light.primaryColor": LIGHT.accent,
    "theme.dark.primaryColor": DARK.accent,
}


@dataclass(frozen=True)
class DashboardSettings:
    """Where the dashboard listens. It asks nobody for a password, so by default this machine alone can open it.

    Attributes:
        host: Address to listen on (`DASHBOARD_HOST`).
        port: TCP port to listen on (`DASHBOARD_PORT`).
        name: Name under which readers open it, where a proxy stands before it (`DASHBOARD_NAME`). Under other names
            than this and those of this machine it does not answer.
    """

    host: str = "127.0.0.1"
    port: int = 8501
    name: str = ""

    def options(self) -> list[str]:
        """Return the options of `streamlit run`."""
        name = self.name or self.host
        options = {**OPTIONS, "server.address": self.host, "server.port": str(self.port), "browser.serverAddress": name}
        return [
            *(f"--{option}={value}" for option, value in options.items()),
            *(f"--server.allowedHosts={each}" for each in ("localhost", "127.0.0.1", name)),
        ]


def read_settings(environment: Mapping[str, str] = os.environ) -> DashboardSettings:
    """Read the settings; a variable that is not set or empty leaves the default.

    Raises:
        LoaderError: The port is none.
    """
    host, port, name = (environment.get(variable, "").strip() for variable in VARIABLES)
    port = port or str(DashboardSettings.port)
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise LoaderError(f"DASHBOARD_PORT can't be {port!r}.", f"Write it like {DashboardSettings.port}.")
    return DashboardSettings(host or DashboardSettings.host, int(port), name)
