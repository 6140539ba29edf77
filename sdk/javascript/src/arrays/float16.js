// Floats of 16 bits: a sign, 5 bits of exponent, 10 of fraction. Node 20 has no functions for them.
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The number of 16 bits. */
export function fromFloat16(half) {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The 16 bits nearest to a number; of two as near, the even one. */
export function float16(number) {
  float[0] = number;
  const sign = (bits[0] >>> 16) & 0x8000;
  const size = Math.abs(number);
  if (Number.isNaN(number)) return 0x7e00;
  // Halfway to what would be the next number, 65536.
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(size === 0 ? -14 : Math.floor(Math.log2(size)), -14);
  const unit = 2 ** (exponent - 10);
  const steps = even(size / unit);
  return sign | (exponent === -14 ? steps : ((exponent + 14) << 10) + steps);
}

function even(number) {
  const below = Math.floor(number);
  const rest = number - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
