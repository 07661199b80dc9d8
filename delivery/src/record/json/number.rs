//! Numbers as JSON writes them, and which of them a column can hold without losing a digit.

/// The integer that `text` is, exactly: `12`, and also `1.0` and `1e3`.
pub(crate) fn integer(text: &str) -> Option<i64> {
    if is_integral(text) {
        return text.parse().ok();
    }
    // 2^53: up to here every integer is a double.
    let value = lossless_double(text).filter(|v| v.abs() <= 9_007_199_254_740_992.0)?;
    (value.fract() == 0.0).then_some(value as i64)
}

/// The double nearest to `text`, if it is one: not infinite, and exactly the number if `text` is
/// an integer.
pub(crate) fn double(text: &str) -> Option<f64> {
    if is_integral(text) {
        return lossless_double(text);
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The double that `text` is, without a digit lost. An integer has to be that double exactly, as
/// who reads it back as an integer sees every digit of it; of a fraction the shortest text that
/// stands for the double has the same digits.
pub(crate) fn lossless_double(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok().filter(|v: &f64| v.is_finite())?;
    // Any 15 digits survive a double (IEEE 754), as long as it has its full precision.
    let few = text.len() <= 15 && value.abs() > 1e-300;
    let lossless = few
        || match is_integral(text) {
            true => text.parse() == Ok(value as i128),
            false => digits(text) == digits(&format!("{value:e}")),
        };
    lossless.then_some(value)
}

/// Whether `text`, a JSON number, has neither fraction nor exponent.
pub(crate) fn is_integral(text: &str) -> bool {
    !text.bytes().any(|b| matches!(b, b'.' | b'e' | b'E'))
}

/// The number without its point as a decimal of so many digits, `scale` of them behind the point;
/// `None` where it has more on either side.
pub(crate) fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (digits, magnitude) = digits(text)?;
    if digits.is_empty() {
        return Some(0);
    }
    // It is DIGITS * 10^shift when the point is left out.
    let shift = magnitude
        .checked_sub(digits.len() as i64)?
        .checked_add(i64::from(scale))?;
    let length = shift.checked_add(digits.len() as i64)?;
    if shift < 0 || length > i64::from(precision) {
        return None;
    }
    let value: i128 = digits.parse().ok()?;
    let value = value.checked_mul(10_i128.checked_pow(shift as u32)?)?;
    Some(if text.starts_with('-') { -value } else { value })
}

/// The digits of a number without zeros at either end, and its magnitude: it is
/// `0.DIGITS * 10^magnitude`. `None`: the exponent is absurd.
fn digits(text: &str) -> Option<(String, i64)> {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    if significant.is_empty() {
        return Some((String::new(), 0));
    }
    let leading = (all.len() - significant.len()) as i64;
    let magnitude = exponent.checked_add(whole.len() as i64 - leading)?;
    Some((significant.trim_end_matches('0').to_owned(), magnitude))
}

/// Whether `text` is a number as JSON writes it, and nothing else.
pub(crate) fn is_number(text: &str) -> bool {
    let mut scanner = super::Scanner::new(text);
    matches!(scanner.value(), Ok(super::Token::Number(number)) if number.len() == text.len())
}

#[cfg(test)]
mod tests;
