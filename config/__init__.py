"""What the operator says: settings, schedule, training lines, replies, knowledge, the sample business."""
