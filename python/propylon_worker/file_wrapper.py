"""`wsgi.file_wrapper` (PEP 3333, "Optional Platform-Specific File Handling")."""


class FileWrapper:
    """Iterates over a file-like object in blocks, and closes it."""

    def __init__(self, filelike, block_size=65536):
        self.filelike = filelike
        self.block_size = block_size
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self):
        return self

    def __next__(self):
        data = self.filelike.read(self.block_size)
        if data:
            return data
        raise StopIteration
