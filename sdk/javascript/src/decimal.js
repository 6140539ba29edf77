const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?$|^([+-]?)\.(\d+)$/;

/** Digits with a point before the last `scale` of them: `decimalToText(150n, 2)` is `1.50`. */
export function decimalToText(unscaled, scale) {
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale));
  const negative = unscaled < 0n;
  const digits = String(negative ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${negative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/**
 * The digits of a decimal as an integer: `parseDecimal('1.5', 2)` is `150n`. Null if it is no
 * decimal or has digits that the scale does not: nothing is rounded.
 */
export function parseDecimal(text, scale) {
  const found = DECIMAL.exec(text);
  if (found === null) return null;
  const [, sign = found[4], whole = '', part = found[5] ?? ''] = found;
  const fraction = part.replace(/0+$/, '');
  if (fraction.length > Math.max(scale, 0)) return null;
  let unscaled = BigInt(whole + fraction.padEnd(Math.max(scale, 0), '0'));
  if (scale < 0) {
    const unit = 10n ** BigInt(-scale);
    if (unscaled % unit !== 0n) return null;
    unscaled /= unit;
  }
  return sign === '-' ? -unscaled : unscaled;
}
