"""Where the images come from: manifests, tasks, splits, the synthetic sample."""
