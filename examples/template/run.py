"""Flask's own development server: `python run.py`, with FLASK_DEBUG=1 for reloading and the debugger."""

import os

from flask_nginx import app

if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", 5000)))
