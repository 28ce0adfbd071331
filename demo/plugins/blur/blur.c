// darkroom:filters in C: three box blurs in each direction, which come close to a Gaussian at any radius for the
// same cost. Light adds up linearly and sRGB is not linear, so the work is done on linear 16-bit values,
// premultiplied by alpha so that invisible pixels lend no colour.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "plugin.h"

#define FILTER(name) exports_darkroom_filters_filter_##name
#define PASSES 3
#define CHANNELS 4

typedef struct {
  const char *name, *label;
  float minimum, maximum, initial, step;
} slider;

enum { RADIUS, GLOW, SLIDERS };

static const slider sliders[SLIDERS] = {
    [RADIUS] = {"radius", "Radius", 0.0f, 40.0f, 6.0f, 0.5f},
    [GLOW] = {"glow", "Glow", 0.0f, 1.0f, 0.0f, 0.01f},
};

static uint16_t to_linear[256];
// The sRGB byte of every 16-bit linear value.
static uint8_t *from_linear;

static void prepare_tables(void) {
  if (from_linear != NULL) return;
  for (int byte = 0; byte < 256; byte++) {
    double value = byte / 255.0;
    value = value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
    to_linear[byte] = (uint16_t)(value * 65535.0 + 0.5);
  }
  from_linear = malloc(65536);
  // Each linear value takes the byte whose own linear value is nearest.
  for (int linear = 0, byte = 0; linear < 65536; linear++) {
    while (byte < 255 && abs(to_linear[byte + 1] - linear) <= abs(to_linear[byte] - linear)) byte++;
    from_linear[linear] = (uint8_t)byte;
  }
}

void FILTER(describe)(FILTER(description_t) *ret) {
  plugin_string_dup(&ret->name, "Blur");
  plugin_string_dup(&ret->summary, "Softens the picture as a lens does");
  ret->parameters.len = SLIDERS;
  ret->parameters.ptr = malloc(SLIDERS * sizeof *ret->parameters.ptr);
  for (int i = 0; i < SLIDERS; i++) {
    FILTER(parameter_t) *parameter = &ret->parameters.ptr[i];
    plugin_string_dup(&parameter->name, sliders[i].name);
    plugin_string_dup(&parameter->label, sliders[i].label);
    parameter->minimum = sliders[i].minimum;
    parameter->maximum = sliders[i].maximum;
    parameter->initial = sliders[i].initial;
    parameter->step = sliders[i].step;
  }
}

static bool same_text(const plugin_string_t *text, const char *other) {
  return text->len == strlen(other) && memcmp(text->ptr, other, text->len) == 0;
}

// Takes the settings into `values`, or says what is wrong with them.
static bool read_settings(FILTER(list_setting_t) *settings, float *values, FILTER(filter_error_t) *err) {
  for (int i = 0; i < SLIDERS; i++) values[i] = sliders[i].initial;
  for (size_t s = 0; s < settings->len; s++) {
    FILTER(setting_t) *setting = &settings->ptr[s];
    int found = 0;
    while (found < SLIDERS && !same_text(&setting->name, sliders[found].name)) found++;
    bool known = found < SLIDERS;
    // Written so that NaN fails as well.
    if (known && setting->value >= sliders[found].minimum && setting->value <= sliders[found].maximum) {
      values[found] = setting->value;
      continue;
    }
    err->tag = known ? EXPORTS_DARKROOM_FILTERS_FILTER_FILTER_ERROR_OUT_OF_RANGE
                     : EXPORTS_DARKROOM_FILTERS_FILTER_FILTER_ERROR_UNKNOWN_PARAMETER;
    plugin_string_t *named = known ? &err->val.out_of_range : &err->val.unknown_parameter;
    *named = setting->name;
    setting->name = (plugin_string_t){NULL, 0};
    return false;
  }
  return true;
}

static bool is_supported(const FILTER(image_t) *image) {
  uint64_t pixels = (uint64_t)image->width * image->height;
  return pixels > 0 && pixels <= (1u << 26) && pixels * CHANNELS == image->pixels.len;
}

// Widths of the boxes whose sequence has the variance of a Gaussian of this standard deviation.
static void box_radii(float sigma, int *radii) {
  double ideal = sqrt(12.0 * sigma * sigma / PASSES + 1.0);
  int lower = (int)ideal;
  if (lower % 2 == 0) lower--;
  double narrow = (12.0 * sigma * sigma - PASSES * lower * lower - 4.0 * PASSES * lower - 3.0 * PASSES) /
                  (-4.0 * lower - 4.0);
  for (int pass = 0; pass < PASSES; pass++) radii[pass] = ((pass < narrow + 0.5 ? lower : lower + 2) - 1) / 2;
}

static inline int clamp(int value, int last) { return value < 0 ? 0 : value > last ? last : value; }

// One box blur along a line of `length` pixels that lie `stride` values apart. Edge pixels are repeated outwards.
static void blur_line(const uint16_t *from, uint16_t *to, int length, size_t stride, int radius) {
  uint32_t width = 2 * (uint32_t)radius + 1;
  // Rounded division by multiplication: sums stay below 2^23 at the largest radius, so 32 fraction bits are exact enough.
  uint64_t reciprocal = ((uint64_t)1 << 32) / width;
  uint32_t sum[CHANNELS] = {0};
  for (int i = -radius; i <= radius; i++) {
    const uint16_t *pixel = from + (size_t)clamp(i, length - 1) * stride;
    for (int c = 0; c < CHANNELS; c++) sum[c] += pixel[c];
  }
  for (int i = 0; i < length; i++) {
    uint16_t *pixel = to + (size_t)i * stride;
    for (int c = 0; c < CHANNELS; c++) pixel[c] = (uint16_t)((sum[c] * reciprocal + ((uint64_t)1 << 31)) >> 32);
    const uint16_t *leaving = from + (size_t)clamp(i - radius, length - 1) * stride;
    const uint16_t *entering = from + (size_t)clamp(i + radius + 1, length - 1) * stride;
    for (int c = 0; c < CHANNELS; c++) sum[c] += (uint32_t)entering[c] - leaving[c];
  }
}

// The same down every column at once: row by row, so that memory is read in its order.
static void blur_columns(const uint16_t *from, uint16_t *to, int rows, size_t row, int radius, uint32_t *sum) {
  uint32_t width = 2 * (uint32_t)radius + 1;
  uint64_t reciprocal = ((uint64_t)1 << 32) / width;
  memset(sum, 0, row * sizeof *sum);
  for (int i = -radius; i <= radius; i++) {
    const uint16_t *line = from + (size_t)clamp(i, rows - 1) * row;
    for (size_t x = 0; x < row; x++) sum[x] += line[x];
  }
  for (int i = 0; i < rows; i++) {
    uint16_t *line = to + (size_t)i * row;
    const uint16_t *leaving = from + (size_t)clamp(i - radius, rows - 1) * row;
    const uint16_t *entering = from + (size_t)clamp(i + radius + 1, rows - 1) * row;
    for (size_t x = 0; x < row; x++) {
      line[x] = (uint16_t)((sum[x] * reciprocal + ((uint64_t)1 << 31)) >> 32);
      sum[x] += (uint32_t)entering[x] - leaving[x];
    }
  }
}

// Blurs `pixels`; `spare` and `sums` are room to work in.
static void blur(uint16_t *pixels, uint16_t *spare, uint32_t *sums, int width, int height, float sigma) {
  int radii[PASSES];
  size_t row = (size_t)width * CHANNELS;
  box_radii(sigma, radii);
  for (int pass = 0; pass < PASSES; pass++) {
    for (int y = 0; y < height; y++) {
      blur_line(pixels + (size_t)y * row, spare + (size_t)y * row, width, CHANNELS, radii[pass]);
    }
    blur_columns(spare, pixels, height, row, radii[pass], sums);
  }
}

static void to_working_values(const uint8_t *bytes, uint16_t *values, size_t pixels) {
  for (size_t i = 0; i < pixels * CHANNELS; i += CHANNELS) {
    uint32_t alpha = bytes[i + 3];
    for (int c = 0; c < 3; c++) values[i + c] = (uint16_t)(to_linear[bytes[i + c]] * alpha / 255);
    values[i + 3] = (uint16_t)(alpha * 257);
  }
}

// Writes the blurred values over the bytes. With glow, the blurred light is screened over the picture instead.
static void to_bytes(const uint16_t *values, uint8_t *bytes, size_t pixels, float glow) {
  uint32_t amount = (uint32_t)(glow * 256.0f);
  for (size_t i = 0; i < pixels * CHANNELS; i += CHANNELS) {
    uint32_t alpha = values[i + 3];
    for (int c = 0; c < 3; c++) {
      uint32_t light = alpha == 0 ? 0 : (uint32_t)((uint64_t)values[i + c] * 65535 / alpha);
      if (light > 65535) light = 65535;
      if (amount > 0) {
        uint32_t own = to_linear[bytes[i + c]];
        uint32_t added = light * amount / 256;
        light = own + (uint32_t)((uint64_t)(65535 - own) * added / 65535);
      }
      bytes[i + c] = from_linear[light];
    }
    if (amount == 0) bytes[i + 3] = (uint8_t)((alpha + 128) / 257);
  }
}

static bool fail(FILTER(filter_error_t) *err, const char *text) {
  err->tag = EXPORTS_DARKROOM_FILTERS_FILTER_FILTER_ERROR_UNSUPPORTED_IMAGE;
  plugin_string_dup(&err->val.unsupported_image, text);
  return false;
}

static bool blur_image(FILTER(image_t) *image, const float *values, FILTER(filter_error_t) *err) {
  size_t pixels = (size_t)image->width * image->height;
  uint16_t *working = malloc(pixels * CHANNELS * sizeof *working);
  uint16_t *spare = malloc(pixels * CHANNELS * sizeof *spare);
  uint32_t *sums = malloc((size_t)image->width * CHANNELS * sizeof *sums);
  bool enough = working != NULL && spare != NULL && sums != NULL;
  if (enough) {
    prepare_tables();
    to_working_values(image->pixels.ptr, working, pixels);
    blur(working, spare, sums, (int)image->width, (int)image->height, values[RADIUS]);
    to_bytes(working, image->pixels.ptr, pixels, values[GLOW]);
  }
  free(working);
  free(spare);
  free(sums);
  return enough ? true : fail(err, "the image is too large for the plugin's memory");
}

bool FILTER(apply)(FILTER(image_t) *image, FILTER(list_setting_t) *settings, FILTER(image_t) *ret,
                   FILTER(filter_error_t) *err) {
  float values[SLIDERS];
  bool done = read_settings(settings, values, err);
  if (done && !is_supported(image)) {
    done = fail(err, "the pixels are not width x height x 4 bytes, or there are none");
  }
  // A radius of 0 without glow is the picture itself.
  if (done && (values[RADIUS] > 0.0f || values[GLOW] > 0.0f)) done = blur_image(image, values, err);
  FILTER(list_setting_free)(settings);
  if (done) *ret = *image;
  else FILTER(image_free)(image);
  return done;
}
