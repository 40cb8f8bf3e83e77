"""What makes an object invalid (pkg/apis/*/validation): a value, its errors."""
