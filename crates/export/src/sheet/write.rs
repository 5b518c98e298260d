//! Worksheets as a file.

use std::collections::HashMap;

use rust_xlsxwriter::{
    Chart, ChartType, Color, ConditionalFormatCell, ConditionalFormatCellRule, DocProperties,
    ExcelDateTime, Format, FormatAlign, FormatBorder, Formula, Workbook, Worksheet, XlsxError,
};

use super::SheetError;
use super::page::{Content, Page, Pages, Style};

/// All styles.
const STYLES: [Style; 12] = [
    Style::Title,
    Style::Note,
    Style::Head,
    Style::TextHead,
    Style::Label,
    Style::Data,
    Style::Parameter,
    Style::Setting,
    Style::Formula,
    Style::Next,
    Style::Cost,
    Style::Record,
];

/// Fewer columns than this are printed on the width of a page.
const WIDE: u16 = 40;

/// Fewer rows than this are printed on the height of a page where there are more columns.
const HIGH: u32 = 80;

/// The file's bytes; with the engine's values in formulas, or without.
pub(super) fn bytes(pages: &Pages, values: bool) -> Result<Vec<u8>, SheetError> {
    let mut workbook = Workbook::new();
    // Not the time of writing: equal workbooks are equal bytes.
    let created = ExcelDateTime::from_ymd(2000, 1, 1)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&created));
    let both = |style| [false, true].map(|divided| ((style, divided), format(style, divided)));
    let formats: Formats = STYLES.into_iter().flat_map(both).collect();
    for page in &pages.pages {
        write(workbook.add_worksheet(), page, &formats, values)?;
    }
    for (name, cell) in &pages.names {
        let (sheet, column) = (pages.sheets[cell.sheet], super::formula::letters(cell.column));
        workbook.define_name(name, &format!("={sheet}!${column}${}", cell.row + 1))?;
    }
    Ok(workbook.save_to_buffer()?)
}

/// The formats of the styles, without and with a line above.
type Formats = HashMap<(Style, bool), Format>;

fn write(
    sheet: &mut Worksheet, page: &Page, formats: &Formats, values: bool,
) -> Result<(), XlsxError> {
    sheet.set_name(page.name)?.set_formula_result_default("");
    for &(from, to, width) in &page.widths {
        sheet.set_column_range_width(from, to.max(from), width)?;
    }
    sheet.set_freeze_panes(page.freeze.0, page.freeze.1)?;
    for entry in &page.entries {
        let (row, column) = (entry.row, entry.column);
        let format = &formats[&(entry.style, page.divided.contains(&row))];
        match &entry.content {
            Content::Number(x) => sheet.write_number_with_format(row, column, *x, format)?,
            Content::Text(text) => sheet.write_string_with_format(row, column, text, format)?,
            Content::Formula(text, value) => {
                let formula = Formula::new(text);
                let formula = if values { formula.set_result(value.to_string()) } else { formula };
                sheet.write_formula_with_format(row, column, formula, format)?
            }
        };
    }
    let last = page.entries.iter().map(|entry| entry.column).max().unwrap_or(0);
    print(sheet, page, last)?;
    for &(top, bottom) in &page.ink {
        let dark = Format::new()
            .set_background_color(Color::RGB(0x0033_4155))
            .set_font_color(Color::RGB(0x00FF_FFFF));
        let ink = ConditionalFormatCell::new()
            .set_rule(ConditionalFormatCellRule::GreaterThan(0.5))
            .set_format(dark);
        sheet.add_conditional_format(top, 1, bottom, last, &ink)?;
    }
    if let Some(curve) = &page.chart {
        let ((top, bottom), (x, y)) = (curve.rows, curve.columns);
        let mut chart = Chart::new(ChartType::ScatterStraight);
        chart
            .add_series()
            .set_categories((page.name, top, x, bottom, x))
            .set_values((page.name, top, y, bottom, y));
        chart.title().set_name(&curve.title);
        chart.legend().set_hidden();
        chart.x_axis().set_name("step").set_min(0.0).set_max(f64::from(bottom - top));
        chart.set_width(560).set_height(340);
        sheet.insert_chart(curve.corner.0, curve.corner.1, &chart)?;
    }
    Ok(())
}

/// How a worksheet is printed whose last column is this: what does not scroll is on each page.
fn print(sheet: &mut Worksheet, page: &Page, last: u16) -> Result<(), XlsxError> {
    sheet.set_landscape();
    let (rows, columns) = page.freeze;
    if rows > 0 {
        sheet.set_repeat_rows(0, rows - 1)?;
    }
    if columns > 0 {
        sheet.set_repeat_columns(0, columns - 1)?;
    }
    let bottom = page.entries.iter().map(|entry| entry.row).max().unwrap_or(0);
    if last < WIDE {
        sheet.set_print_fit_to_pages(1, 0);
    } else if bottom < HIGH {
        sheet.set_print_fit_to_pages(0, 1);
    }
    Ok(())
}

/// How a style looks, without or with a line above.
fn format(style: Style, divided: bool) -> Format {
    let plain = Format::new();
    let number = |colour: u32| {
        let number = Format::new()
            .set_background_color(Color::RGB(colour))
            .set_border(FormatBorder::Hair)
            .set_border_color(Color::RGB(0x00CB_D5E1));
        if !divided {
            return number;
        }
        number.set_border_top(FormatBorder::Thin).set_border_top_color(Color::RGB(0x0033_4155))
    };
    // Where a unit has lost in pooling, δ is 0, and not only small.
    let decimals = |format: Format| format.set_num_format("0.00000;-0.00000;0");
    match style {
        Style::Title => plain.set_bold().set_font_size(14),
        Style::Note => plain.set_font_color(Color::RGB(0x0047_5569)),
        Style::Head => {
            plain.set_bold().set_align(FormatAlign::Center).set_border_bottom(FormatBorder::Thin)
        }
        Style::TextHead => plain.set_bold().set_border_bottom(FormatBorder::Thin),
        Style::Label => plain.set_bold(),
        Style::Data => number(0x00DB_EAFE),
        Style::Parameter => decimals(number(0x00FE_F3C7)),
        Style::Setting => number(0x00FE_F3C7),
        Style::Formula => decimals(number(0x00FF_FFFF)),
        Style::Next => decimals(number(0x00DC_FCE7)),
        Style::Cost => decimals(number(0x00FC_E7F3)).set_bold(),
        Style::Record => decimals(number(0x00F1_F5F9)),
    }
}
