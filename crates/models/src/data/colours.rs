//! The first step from a PNG file to a digit: colours, and their grey.
//!
//! Nothing is allocated for what a header claims before the file is seen to be large enough for it.

use std::io::Cursor;

use png::{Decoder, DecodingError, Limits, Transformations};

use super::normal::Grey;

/// The longest side of a picture, in pixels.
const LONGEST: u32 = 8192;

/// The most bytes of a file, and the most that the decoder may take beside the picture itself.
pub(super) const LARGEST: usize = 1 << 26;

/// Deflate, PNG's compression, makes at most 1032 bytes of one. A header that claims more pixels
/// than the file can hold is not believed, and nothing is allocated for it.
const DEFLATE: usize = 1032;

/// A larger picture is first shrunk by a whole factor, which bounds the work of all that follows.
const ENOUGH: usize = 1024;

/// Decodes a PNG file to 8 bits a channel, without a palette.
///
/// # Errors
///
/// If the bytes are no PNG file, a damaged one, or more than the limits; the sentence says which.
pub(super) fn decode(bytes: &[u8]) -> Result<Colours, String> {
    const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
    if bytes.len() > LARGEST {
        return Err(format!("the file is too large: it has more than {LARGEST} bytes"));
    }
    if !bytes.starts_with(&SIGNATURE) {
        let found = &bytes[..bytes.len().min(8)];
        return Err(format!(
            "not a PNG file: it begins with {found:02x?}, wanted {SIGNATURE:02x?}"
        ));
    }
    let damaged = |error: DecodingError| match error {
        DecodingError::IoError(_) => "a truncated PNG file".to_owned(),
        error => format!("a damaged PNG file: {error}"),
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: LARGEST });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let header = decoder.read_header_info().map_err(damaged)?;
    let (width, height) = (header.width, header.height);
    if width.max(height) > LONGEST {
        return Err(format!(
            "the picture has {width}×{height} pixels; wanted at most {LONGEST}×{LONGEST}"
        ));
    }
    let raw = header.raw_bytes();
    if raw > bytes.len().saturating_mul(DEFLATE) {
        return Err(format!(
            "the header claims {width}×{height} pixels, {raw} bytes; a file of {} bytes cannot \
             hold so many",
            bytes.len()
        ));
    }
    let mut reader = decoder.read_info().map_err(damaged)?;
    // The decoder sees to it that a palette is not empty or too long, and would panic at half a
    // colour.
    let palette = reader.info().palette.as_ref().map_or(0, |palette| palette.len());
    if !palette.is_multiple_of(3) {
        return Err(format!(
            "a damaged PNG file: a palette of {palette} bytes, which are not colours of 3"
        ));
    }
    let size = reader.output_buffer_size().ok_or("the picture is too large")?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(damaged)?;
    reader.finish().map_err(damaged)?;
    let channels = frame.color_type.samples();
    Ok(Colours { width: width as usize, height: height as usize, channels, bytes: pixels })
}

/// A decoded picture of 1 to 4 bytes a pixel: grey or red, green and blue, either with alpha.
pub(super) struct Colours {
    width: usize,
    height: usize,
    channels: usize,
    bytes: Vec<u8>,
}

impl Colours {
    /// Whether some of it is transparent.
    pub(super) fn transparent(&self) -> bool {
        self.channels.is_multiple_of(2)
            && self.bytes.iter().skip(self.channels - 1).step_by(self.channels).any(|&a| a < 255)
    }

    /// Step 1, over paper of this grey. Pictures larger than [`ENOUGH`] are averaged in squares.
    pub(super) fn grey(&self, paper: u8) -> Grey {
        let factor = self.width.max(self.height).div_ceil(ENOUGH);
        let (width, height) = (self.width.div_ceil(factor), self.height.div_ceil(factor));
        let mut values = vec![0.0; width * height];
        let rows = self.bytes.chunks_exact(self.width * self.channels);
        for (y, row) in rows.enumerate() {
            for (x, pixel) in row.chunks_exact(self.channels).enumerate() {
                values[y / factor * width + x / factor] += f64::from(grey(pixel, paper));
            }
        }
        // At the right and the bottom, squares may be cut.
        let cut = |k: usize, size: usize| factor.min(size - k * factor);
        for (k, value) in values.iter_mut().enumerate() {
            *value /= (cut(k % width, self.width) * cut(k / width, self.height)) as f64;
        }
        Grey { width, height, values }
    }
}

/// The grey of a pixel over paper: 0.299 R + 0.587 G + 0.114 B, to the nearest whole number.
fn grey(pixel: &[u8], paper: u8) -> u8 {
    let luma = |r: u8, g: u8, b: u8| {
        (299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500) / 1000
    };
    let (grey, alpha) = match *pixel {
        [grey] => (u32::from(grey), 255),
        [grey, alpha] => (u32::from(grey), u32::from(alpha)),
        [r, g, b] => (luma(r, g, b), 255),
        [r, g, b, alpha] => (luma(r, g, b), u32::from(alpha)),
        _ => unreachable!("a pixel has one to four bytes"),
    };
    ((grey * alpha + u32::from(paper) * (255 - alpha) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Digit;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use std::io::Write;

    /// A seven, with `#` for ink.
    const SEVEN: [&str; 9] = [
        "             ",
        "             ",
        "   #######   ",
        "   #######   ",
        "       ##    ",
        "      ##     ",
        "     ##      ",
        "     ##      ",
        "             ",
    ];

    fn chunk(kind: &str, data: &[u8]) -> Vec<u8> {
        let body = [kind.as_bytes(), data].concat();
        let mut crc = flate2::Crc::new();
        crc.update(&body);
        let (length, crc) = ((data.len() as u32).to_be_bytes(), crc.sum().to_be_bytes());
        [&length[..], &body, &crc].concat()
    }

    /// A PNG file: colour type and bit depth as numbers, the chunks before the data, and whether it
    /// is interlaced; `sample` gives the channels of the pixel at x and y.
    fn png(
        [width, height]: [u32; 2], colour: u8, depth: u8, before: &[u8], interlaced: bool,
        sample: impl Fn(u32, u32) -> Vec<u16>,
    ) -> Vec<u8> {
        // Start and step of the passes of Adam7, x and y: PNG specification, section 8.2.
        const PASSES: [[u32; 4]; 7] = [
            [0, 0, 8, 8],
            [4, 0, 8, 8],
            [0, 4, 4, 8],
            [2, 0, 4, 4],
            [0, 2, 2, 4],
            [1, 0, 2, 2],
            [0, 1, 1, 2],
        ];
        let passes = if interlaced { &PASSES[..] } else { &[[0, 0, 1, 1]] };
        let mut raw = Vec::new();
        for &[x, y, dx, dy] in passes {
            for y in (y..height).step_by(dy as usize).filter(|_| x < width) {
                let row = (x..width).step_by(dx as usize).flat_map(|x| sample(x, y));
                raw.push(0);
                match depth {
                    16 => raw.extend(row.flat_map(u16::to_be_bytes)),
                    _ => raw.extend(packed(&row.collect::<Vec<_>>(), depth)),
                }
            }
        }
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&raw).unwrap();
        let sizes = [width.to_be_bytes(), height.to_be_bytes()].concat();
        let header =
            chunk("IHDR", &[&sizes, &[depth, colour, 0, 0, interlaced.into()][..]].concat());
        let data = chunk("IDAT", &zlib.finish().unwrap());
        [b"\x89PNG\r\n\x1a\n", &header[..], before, &data, &chunk("IEND", &[])].concat()
    }

    fn packed(row: &[u16], depth: u8) -> Vec<u8> {
        let a_byte = |samples: &[u16]| {
            let places = (0..8 / depth).rev().map(|place| place * depth);
            samples.iter().zip(places).map(|(sample, place)| (sample << place) as u8).sum()
        };
        row.chunks(usize::from(8 / depth)).map(a_byte).collect()
    }

    fn is_ink(x: u32, y: u32) -> bool {
        SEVEN[y as usize].as_bytes()[x as usize] == b'#'
    }

    /// The seven in one byte of grey a pixel.
    fn seven(paper: u16, ink: u16) -> Vec<u8> {
        png([13, 9], 0, 8, &[], false, |x, y| vec![if is_ink(x, y) { ink } else { paper }])
    }

    fn problem(bytes: &[u8]) -> String {
        Digit::from_png(bytes).unwrap_err()
    }

    #[test]
    fn every_colour_type_and_bit_depth_gives_the_same_digit() {
        let wanted = Digit::from_png(&seven(255, 0)).unwrap();
        let check = |colour: u8, depth: u8, before: &[u8], [paper, ink]: [&[u16]; 2]| {
            let full = |&unit: &u16| unit * (u16::MAX >> (16 - depth));
            let samples = |units: &[u16]| match colour {
                3 => units.to_vec(),
                _ => units.iter().map(full).collect::<Vec<_>>(),
            };
            let (paper, ink) = (samples(paper), samples(ink));
            for interlaced in [false, true] {
                let sample = |x, y| if is_ink(x, y) { ink.clone() } else { paper.clone() };
                let digit =
                    Digit::from_png(&png([13, 9], colour, depth, before, interlaced, sample));
                let case = format!("colour type {colour}, depth {depth}, interlaced {interlaced}");
                assert_eq!(digit.as_ref(), Ok(&wanted), "{case}");
            }
        };
        let palette = chunk("PLTE", &[255, 255, 255, 0, 0, 0]);
        let clear = [chunk("PLTE", &[9, 9, 9, 0, 0, 0]), chunk("tRNS", &[0])].concat();
        for depth in [1, 2, 4, 8, 16] {
            check(0, depth, &[], [&[1], &[0]]);
            check(0, depth, &chunk("tRNS", &[0, 0]), [&[0], &[1]]);
            if depth < 16 {
                check(3, depth, &palette, [&[0], &[1]]);
                check(3, depth, &clear, [&[0], &[1]]);
            }
            if depth >= 8 {
                check(2, depth, &[], [&[1, 1, 1], &[0, 0, 0]]);
                check(2, depth, &[], [&[1, 1, 0], &[0, 0, 1]]);
                check(4, depth, &[], [&[1, 1], &[0, 1]]);
                check(4, depth, &[], [&[0, 0], &[0, 1]]);
                check(6, depth, &[], [&[0, 1, 0, 0], &[1, 0, 0, 1]]);
                // White ink on nothing shows over black.
                check(6, depth, &[], [&[0, 1, 0, 0], &[1, 1, 1, 1]]);
            }
        }
    }

    #[test]
    fn grey_is_luma_over_paper() {
        assert_eq!([grey(&[7], 255), grey(&[7, 255], 255), grey(&[7, 0], 255)], [7, 7, 255]);
        assert_eq!([grey(&[200, 51], 0), grey(&[100, 50], 255)], [40, 225]);
        let primaries = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]];
        assert_eq!(primaries.map(|rgb| grey(&rgb, 0)), [76, 150, 29, 255]);
        assert_eq!(grey(&[255, 0, 0, 128], 255), 165);
    }

    #[test]
    fn a_large_picture_is_averaged_in_squares() {
        // 1025 pixels are more than enough by one: squares of 2×2, the last ones cut.
        let bytes = (0..3 * 1025).map(|k| if k % 1025 == 1024 { 9 } else { 4 * (k % 2) as u8 });
        let colours = Colours { width: 1025, height: 3, channels: 1, bytes: bytes.collect() };
        let grey = colours.grey(255);
        assert_eq!((grey.width, grey.height), (513, 2));
        assert_eq!([grey.values[0], grey.values[512], grey.values[1025]], [2.0, 9.0, 9.0]);
    }

    #[test]
    fn what_is_no_picture_of_a_digit_is_refused_with_a_sentence() {
        assert_eq!(
            problem(&seven(200, 200)),
            "the picture has no digit: nothing in it stands out from the paper, by 16 of 255 or \
             more"
        );
        let claim = |width, height| png([width, height], 2, 16, &[], false, |_, _| vec![]);
        let mut flat = claim(8193, 1);
        assert_eq!(problem(&flat), "the picture has 8193×1 pixels; wanted at most 8192×8192");
        flat = claim(8192, 8192);
        assert_eq!(
            problem(&flat),
            format!(
                "the header claims 8192×8192 pixels, 402661376 bytes; a file of {} bytes cannot \
                 hold so many",
                flat.len()
            )
        );
        assert_eq!(problem(&claim(0, 5)), "a damaged PNG file: Invalid image dimensions");
        assert_eq!(problem(&claim(5, 0)), "a damaged PNG file: Invalid image dimensions");
        assert_eq!(
            problem(&claim(5, 5)),
            "a damaged PNG file: IDAT or fDAT chunk does not have enough data for image."
        );
        let with_palette = |bytes: usize| {
            let palette = chunk("PLTE", &vec![0; bytes]);
            problem(&png([1, 1], 3, 8, &palette, false, |_, _| vec![0]))
        };
        assert_eq!(
            with_palette(7),
            "a damaged PNG file: a palette of 7 bytes, which are not colours of 3"
        );
        for bytes in [0, 3 * 257] {
            assert!(with_palette(bytes).starts_with("a damaged PNG file: Chunk length wrong"));
        }
        assert_eq!(
            problem(&vec![0; LARGEST + 1]),
            "the file is too large: it has more than 67108864 bytes"
        );
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let good = seven(255, 0);
        for len in 0..good.len() {
            let text = problem(&good[..len]);
            match len {
                0..8 => assert!(text.starts_with("not a PNG file: it begins with"), "{text}"),
                _ => assert_eq!(text, "a truncated PNG file", "{len} bytes"),
            }
        }
        for place in 8..good.len() {
            for flip in [1, 2, 128, 255] {
                let mut bad = good.clone();
                bad[place] ^= flip;
                assert!(Digit::from_png(&bad).is_err(), "byte {place} ^ {flip}");
            }
        }
        let mut crc = good.clone();
        crc[good.len() - 13] ^= 1;
        let text = problem(&crc);
        assert!(text.starts_with("a damaged PNG file: CRC error: expected"), "{text}");
    }
}
