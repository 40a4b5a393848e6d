"""The server of the chat page: who may reach it, how it ends, and where its page is."""

import signal
import subprocess
import sys
from pathlib import Path

from ui_server import free_port, wait_for

from ui.cli.ui_command import page_path


def test_the_ui_command_serves_the_page_on_this_machine_alone_and_ends_on_ctrl_c(tmp_path):
    port = free_port()
    with (tmp_path / "log").open("w+") as log:
        command = [sys.executable, "-m", "ui.cli", "ui", "--port", str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, text=True)
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, tmp_path / "log")
            assert listening_addresses(port) <= {"0100007F"}  # 127.0.0.1, as the kernel writes it
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) in (0, 1, 130)
        finally:
            process.kill()
        assert "Traceback" not in (tmp_path / "log").read_text()


def listening_addresses(port: int) -> set[str]:
    """Local addresses, in the kernel's hexadecimal, on which a TCP port is open."""
    found: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            address, state = line.split()[1], line.split()[3]
            host, _, number = address.partition(":")
            if state == "0A" and int(number, 16) == port:
                found.add(host)
    return found


def test_the_page_is_found_in_the_installed_package():
    assert page_path().name == "app.py"
    assert page_path().parent.name == "page"
