"""The workloads behind `docs/performance.md`, each against a bare loop; not a test of meaning."""
