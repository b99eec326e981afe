"""What HTTP providers share: connections, streams of lines, faults told in words."""
