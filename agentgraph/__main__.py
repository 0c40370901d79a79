"""`python -m agentgraph`: the command line, where its script is not on the PATH."""

from agentgraph.cli import main

if __name__ == "__main__":
    main()
