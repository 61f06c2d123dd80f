"""Training: batches, resumable fits, and what is measured while they run. Nothing here serves."""
