"""A Dash app: how sines add up to a square wave. The slider's callback runs in a worker."""

import math
import os

from dash import Dash, Input, Output, dcc, html

# Under /dash/ beside another site, or / on a host of its own.
app = Dash(__name__, url_base_pathname=os.environ.get("DASH_PREFIX", "/"), title="Square wave")

app.layout = html.Main(
    [
        html.H1("Square wave"),
        dcc.Slider(1, 25, 2, value=3, id="terms", marks=None),
        html.Button("More", id="more"),
        html.P(id="error"),
        dcc.Graph(id="wave"),
    ]
)


def wave(terms, x):
    return 4 / math.pi * sum(math.sin(n * x) / n for n in range(1, 2 * terms, 2))


@app.callback(Output("wave", "figure"), Output("error", "children"), Input("terms", "value"))
def draw(terms):
    steps = [2 * math.pi * step / 200 for step in range(201)]
    values = [wave(terms, x) for x in steps]
    error = abs(wave(terms, math.pi / 2) - 1)
    return {"data": [{"x": steps, "y": values}]}, f"{terms} terms: off by {error:.3f} in the middle"


@app.callback(Output("terms", "value"), Input("more", "n_clicks"), prevent_initial_call=True)
def more(clicks):
    return min(3 + 2 * clicks, 25)
