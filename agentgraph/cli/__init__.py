"""The command line: what is typed and what is printed; all that it does is done by the library."""

__all__ = ["main"]


def main() -> None:
    """Run the command `agentgraph`."""
    from agentgraph.cli.commands import agentgraph  # noqa: PLC0415 - click is for the command only
    from agentgraph.cli.stdio import install  # noqa: PLC0415 - as above

    install()
    agentgraph(prog_name="agentgraph")
