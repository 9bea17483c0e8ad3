//! `table.parquet`: the table once more, in columns, for tools that read many.

use super::axes::Grid;
use super::table::{self, Cell, Kind};
use parquet::basic::{ConvertedType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::io::{self, Write};
use std::sync::Arc;

/// Rows of a group; they are in memory together.
const GROUP: usize = 10_000;

/// Writes the table as Parquet, uncompressed; every column may be null.
pub struct Parquet<W: Write + Send> {
    file: SerializedFileWriter<W>,
    kinds: Vec<Kind>,
    rows: Vec<Vec<Cell>>,
}

impl<W: Write + Send> Parquet<W> {
    /// With the schema written.
    pub fn new(out: W, grid: &Grid) -> io::Result<Parquet<W>> {
        let header = table::header(grid);
        let fields = header.iter().map(|(name, kind)| {
            let (physical, converted) = match kind {
                Kind::Count => (Physical::INT64, ConvertedType::NONE),
                Kind::Number => (Physical::DOUBLE, ConvertedType::NONE),
                Kind::Flag => (Physical::BOOLEAN, ConvertedType::NONE),
                Kind::Text => (Physical::BYTE_ARRAY, ConvertedType::UTF8),
            };
            let field = Type::primitive_type_builder(name, physical)
                .with_repetition(Repetition::OPTIONAL)
                .with_converted_type(converted)
                .build()?;
            Ok(Arc::new(field))
        });
        let schema = Type::group_type_builder("table")
            .with_fields(fields.collect::<Result<_>>()?)
            .build()?;
        // The default names the library's version; ours is in the manifest.
        let properties = WriterProperties::builder()
            .set_created_by("snatsim".to_owned())
            .build();
        Ok(Parquet {
            file: SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?,
            kinds: header.into_iter().map(|(_, kind)| kind).collect(),
            rows: Vec::new(),
        })
    }

    /// Writes the rows of a point.
    pub fn rows(&mut self, rows: &[Vec<Cell>]) -> io::Result<()> {
        self.rows.extend_from_slice(rows);
        if self.rows.len() >= GROUP {
            self.group()?;
        }
        Ok(())
    }

    /// Writes what is left, and the footer.
    pub fn finish(mut self) -> io::Result<()> {
        self.group()?;
        self.file.close()?;
        Ok(())
    }

    fn group(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for (index, kind) in self.kinds.iter().enumerate() {
            let mut column = group.next_column()?.expect("a writer for every column");
            let cells = rows.iter().map(|row| &row[index]);
            let there: Vec<i16> = cells
                .clone()
                .map(|cell| i16::from(*cell != Cell::Empty))
                .collect();
            macro_rules! write {
                ($type:ty, $value:expr) => {{
                    let values: Vec<_> = cells.filter_map($value).collect();
                    column
                        .typed::<$type>()
                        .write_batch(&values, Some(&there), None)?;
                }};
            }
            match kind {
                Kind::Count => write!(Int64Type, |cell| match cell {
                    Cell::Count(count) => Some(*count),
                    _ => None,
                }),
                Kind::Number => write!(DoubleType, |cell| match cell {
                    Cell::Number(number) => Some(*number),
                    Cell::Count(count) => Some(*count as f64),
                    _ => None,
                }),
                Kind::Flag => write!(BoolType, |cell| match cell {
                    Cell::Flag(flag) => Some(*flag),
                    _ => None,
                }),
                Kind::Text => write!(ByteArrayType, |cell| match cell {
                    Cell::Empty => None,
                    other => Some(ByteArray::from(other.to_string().into_bytes())),
                }),
            }
            column.close()?;
        }
        group.close()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;
    use serde_json::json;

    #[test]
    fn the_rows_come_back_with_their_kinds_and_gaps() {
        let spec = json!([{ "name": "share", "pointer": "/x", "values": [0.5, 1] }]);
        let spec: Vec<super::super::AxisSpec> = serde_json::from_value(spec).unwrap();
        let grid = super::super::axes::read(&spec).unwrap();
        let columns = table::header(&grid).len();
        let row = |point: i64, share: Cell| {
            let mut row = vec![Cell::Empty; columns];
            row[0] = Cell::Count(point);
            row[1] = share;
            row[2] = Cell::Text(format!("LB {point}"));
            row
        };
        let rows = [row(0, Cell::Number(0.5)), row(1, Cell::Count(1))];
        let bytes = || {
            let mut out = Vec::new();
            let mut parquet = Parquet::new(&mut out, &grid).unwrap();
            for row in &rows {
                parquet.rows(std::slice::from_ref(row)).unwrap();
            }
            parquet.finish().unwrap();
            out
        };
        assert_eq!(bytes(), bytes());
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes()).unwrap();
        let file = SerializedFileReader::new(file).unwrap();
        let back: Vec<_> = file
            .get_row_iter(None)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(back.len(), 2);
        assert_eq!(back[1].get_long(0).unwrap(), 1);
        assert_eq!(back[1].get_double(1).unwrap(), 1.0);
        assert_eq!(back[1].get_string(2).unwrap(), "LB 1");
        assert!(back[1].get_double(6).is_err(), "a gap is null");
    }
}
