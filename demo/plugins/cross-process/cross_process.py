"""darkroom.cross-process: slide film, developed as if it were negative film. A package of fidius's Python layout.

Pictures come as fidius gives lists: of numbers. They are turned into bytes once, and from then on Python's own tables and
slices do the work, so that it takes less time than the way to the bridge.
"""

from math import pi, sin

from fidius import PluginError, method

# Of the Rust trait in ../oil-paint/src/lib.rs.
__interface_hash__ = 0xCC5CDA0079283326


def slider(name, label, minimum, maximum, initial):
    return {"name": name, "label": label, "minimum": minimum, "maximum": maximum, "initial": initial, "step": 0.01}


SLIDERS = (
    slider("strength", "Strength", 0.0, 1.0, 0.8),
    slider("tint", "Green to magenta", -1.0, 1.0, -0.25),
    slider("fade", "Fade", 0.0, 1.0, 0.2),
)


@method
def describe():
    return {"name": "Cross process", "summary": "Blue shadows and yellow highlights", "parameters": SLIDERS}


@method
def apply(image, settings):
    values = read_settings(settings)
    pixels = bytearray(image["pixels"])
    width, height = image["width"], image["height"]
    if not pixels or len(pixels) != width * height * 4:
        raise PluginError("unsupported-image", f"{width}x{height} with {len(pixels)} bytes")
    for channel, table in enumerate(channel_tables(**values)):
        pixels[channel::4] = pixels[channel::4].translate(table)
    return {"width": width, "height": height, "pixels": pixels}


def read_settings(settings):
    """The value of every slider. What is raised becomes the case of that name of the interface's own error."""
    values = {known["name"]: known["initial"] for known in SLIDERS}
    ranges = {known["name"]: (known["minimum"], known["maximum"]) for known in SLIDERS}
    for setting in settings:
        name, value = setting["name"], setting["value"]
        if name not in ranges:
            raise PluginError("unknown-parameter", name)
        minimum, maximum = ranges[name]
        if not minimum <= value <= maximum:
            raise PluginError("out-of-range", name)
        values[name] = value
    return values


def channel_tables(strength, tint, fade):
    """What each byte becomes, for red, green and blue."""
    curves = (
        lambda light: contrast(light, 0.85),
        lambda light: contrast(light, 0.5) ** (1.0 + 0.4 * tint),
        # The layer that the wrong developer hardly reaches: neither dark nor bright.
        lambda light: 0.2 + 0.58 * contrast(light, -0.35),
    )
    floor = 0.22 * fade

    def printed(curve, light):
        developed = light + (curve(light) - light) * strength
        return floor + (1.0 - 1.3 * floor) * developed

    return [bytes(round(255 * min(1.0, max(0.0, printed(curve, byte / 255)))) for byte in range(256)) for curve in curves]


def contrast(light, amount):
    """Steeper in the middle and flatter at the ends, or the other way round below zero."""
    return light - amount * sin(2 * pi * light) / (2 * pi)
