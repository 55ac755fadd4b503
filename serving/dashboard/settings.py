"""Settings of the dashboard from the environment, and all of Streamlit's options."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from loaders.errors import LoaderError
from serving.dashboard.colours import DARK, LIGHT

VARIABLES = ("DASHBOARD_HOST", "DASHBOARD_PORT", "DASHBOARD_NAME")
# Options of `streamlit run`; it has no other configuration.
OPTIONS: dict[str, str] = {
    # Nothing leaves this machine. (For its start-up message, Streamlit would ask an external server for the address.)
    "browser.gatherUsageStats": "false",
    "client.showErrorLinks": "false",
    "logger.hideWelcomeMessage": "true",
    # No browser opens, no prompt for an e-mail address, no watched files.
    "server.headless": "true",
    "server.showEmailPrompt": "false",
    "server.fileWatcherType": "none",
    # We provide downloads: those of Streamlit's tables pass formulas on to spreadsheets.
    "client.disableDataExport": "true",
    # Readers see no developer tools and only the type of an unexpected error.
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "type",
    # Room for numbers, on a phone too.
    "theme.paddingTop": "3rem",
    "theme.headingFontSizes": '["2rem", "1.5rem", "1.3rem"]',
    "theme.metricValueFontSize": "1.5rem",
    **{
        f"theme.{name}.{option}": colour
        for name, theme in (("light", LIGHT), ("dark", DARK))
        for option, colour in (
            ("primaryColor", theme.accent),
            ("backgroundColor", theme.background),
            ("textColor", theme.text),
        )
    },
}


@dataclass(frozen=True)
class DashboardSettings:
    """Where the dashboard listens. It has no password, so by default only this machine can open it.

    Attributes:
        host: Address to listen on (`DASHBOARD_HOST`).
        port: TCP port to listen on (`DASHBOARD_PORT`).
        name: Name under which readers open it through a proxy (`DASHBOARD_NAME`). It answers only
            under this name and those of this machine.
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
    """Read the settings; an unset or empty variable leaves the default.

    Raises:
        LoaderError: The port is invalid.
    """
    host, port, name = (environment.get(variable, "").strip() for variable in VARIABLES)
    port = port or str(DashboardSettings.port)
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise LoaderError(f"DASHBOARD_PORT can't be {port!r}.", f"Write it like {DashboardSettings.port}.")
    return DashboardSettings(host or DashboardSettings.host, int(port), name)
