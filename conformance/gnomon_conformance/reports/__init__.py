"""What a run looks like: as text, as one HTML page, as JSON, as JUnit's XML."""
