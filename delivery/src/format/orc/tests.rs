use std::sync::Arc;

use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, ListArray, StringArray, StructArray};
use arrow_schema::{DataType, Field};
use standpipe_config::settings::delivery::{OrcCompression, Schema};

use super::*;

fn column(name: &str, kind: ColumnType) -> Column {
    Column {
        name: name.to_owned(),
        kind,
    }
}

fn settings(compression: OrcCompression) -> Orc {
    Orc {
        compression,
        schema: Schema::Inferred,
        stripe_size: 8 << 20,
        ..Orc::default()
    }
}

fn written(columns: &[Column], batches: &[RecordBatch], settings: &Orc) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), columns, settings).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap()
}

fn texts(of: impl Iterator<Item = Option<String>>) -> RecordBatch {
    let array: StringArray = of.collect();
    RecordBatch::try_from_iter([("a", Arc::new(array) as ArrayRef)]).unwrap()
}

const ALL: [OrcCompression; 4] = [
    OrcCompression::None,
    OrcCompression::Zlib,
    OrcCompression::Snappy,
    OrcCompression::Zstd,
];

#[test]
fn a_file_begins_and_ends_as_readers_look_for_it() {
    let columns = [column("a", ColumnType::String)];
    let batch = texts((0..1000).map(|i| (i % 3 > 0).then(|| format!("text {}", i % 7))));
    let mut sizes = Vec::new();
    for compression in ALL {
        let file = written(
            &columns,
            std::slice::from_ref(&batch),
            &settings(compression),
        );
        assert_eq!(file[..3], *MAGIC);
        let [postscript @ .., length] = &file[..] else {
            panic!("empty");
        };
        let postscript = &postscript[postscript.len() - usize::from(*length)..];
        assert_eq!(postscript[postscript.len() - 3..], *MAGIC);
        sizes.push(file.len());
        let again = written(
            &columns,
            std::slice::from_ref(&batch),
            &settings(compression),
        );
        assert!(file == again, "the same rows give the same bytes");
    }
    let none = sizes[0];
    assert!(sizes[1..].iter().all(|size| *size < none / 2), "{sizes:?}");
}

#[test]
fn stripes_end_at_their_size() {
    let columns = [column("a", ColumnType::String)];
    let text = "x".repeat(1024);
    let batch = texts((0..1024).map(|i| Some(format!("{text}{i}"))));
    let settings = settings(OrcCompression::None);
    let mut writer = Writer::new(Vec::new(), &columns, &settings).unwrap();
    for _ in 0..20 {
        writer.write(&batch).unwrap();
        let open: u64 = writer.columns.iter().map(ColumnWriter::bytes).sum();
        assert!(open < settings.stripe_size);
    }
    assert_eq!(writer.stripes.len(), 2);
    writer.finish().unwrap();
}

/// Of what is null nothing else is written, not even what lies below it in memory.
#[test]
fn what_lies_within_nulls_is_not_written() {
    let int = || Arc::new(Field::new("x", DataType::Int64, true));
    let xs: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let nulls = Some(vec![true, false, true].into());
    let objects = StructArray::new(vec![int()].into(), vec![xs], nulls);
    let within = ColumnType::Struct(vec![column("x", ColumnType::Int)]);
    let mut writer = ColumnWriter::new(&within);
    let mut codec = Codec::None;
    let objects: ArrayRef = Arc::new(objects);
    let all = std::slice::from_ref(&(0..3));
    writer.append(&objects, all, &mut codec).unwrap();
    let mut stripe = Stripe::default();
    writer.finish(&mut stripe, &mut codec).unwrap();
    let values: Vec<_> = stripe.statistics.iter().map(|s| s.values).collect();
    assert_eq!(values, [2, 2], "two objects, two numbers");
    assert_eq!(stripe.statistics[1].span, statistics::Span::Integers(1, 3));

    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([
        Some(vec![Some(7), None]),
        None,
        Some(vec![]),
        Some(vec![Some(-9)]),
    ]);
    let lists: ArrayRef = Arc::new(lists);
    let mut writer = ColumnWriter::new(&ColumnType::List(Box::new(ColumnType::Int)));
    let last = std::slice::from_ref(&(1..4));
    writer.append(&lists, last, &mut codec).unwrap();
    let mut stripe = Stripe::default();
    writer.finish(&mut stripe, &mut codec).unwrap();
    assert_eq!(stripe.statistics[0].values, 2);
    assert!(stripe.statistics[0].has_null);
    assert_eq!(stripe.statistics[1].values, 1);
    assert_eq!(
        stripe.statistics[1].span,
        statistics::Span::Integers(-9, -9)
    );
}
