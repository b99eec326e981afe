"""From an Artifact to Findings: the checks that a case may name."""
