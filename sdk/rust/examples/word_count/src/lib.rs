//! Counts words. `sdk/*/examples/word_count` contain the same driver in other languages.

use std::cmp::Reverse;
use std::collections::HashMap;

use osiris_sdk::{
    BatchBuilder, Column, ColumnBuilder, Context, DataType, Driver, Error, Field, Health, Input,
    Output, Result, Schema, Step, Summary,
};
use serde::Deserialize;

/// Rows per batch.
const BATCH: usize = 8192;

/// The driver.
#[derive(Debug)]
pub struct WordCount;

/// A step's configuration; the host fills in the spec's defaults.
#[derive(Debug, Deserialize)]
pub struct Config {
    column: String,
    minimum: u64,
}

impl Driver for WordCount {
    type Config = Config;

    fn run(
        _: &Context,
        step: Step<Config>,
        inputs: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        let mut input = Input::only(inputs)?;
        let mut output = output.ok_or_else(|| Error::unsupported("this driver only transforms"))?;
        let Config { column, minimum } = step.config;
        let index = input.schema()?.find(&column, &DataType::Utf8)?;
        let schema = Schema::new(vec![
            Field::new("word", DataType::Utf8, false),
            Field::new("count", DataType::Int64, false),
        ]);
        output.open(&schema)?;
        let mut counts = HashMap::new();
        while let Some(batch) = input.next()? {
            let Column::Utf8(texts) = batch.column(index)? else { unreachable!() };
            texts.iter().flatten().for_each(|text| count(text, &mut counts));
        }
        let mut words: Vec<(Vec<u8>, u64)> =
            counts.into_iter().filter(|(_, count)| *count >= minimum).collect();
        // Byte order of UTF-8 is code point order.
        words.sort_unstable_by(|(a, n), (b, m)| (Reverse(n), a).cmp(&(Reverse(m), b)));
        let mut batch = BatchBuilder::new(&schema);
        for (word, count) in words {
            let [ColumnBuilder::Utf8(words), ColumnBuilder::Int64(counts)] = &mut batch.columns[..]
            else {
                unreachable!("these are the types of the schema")
            };
            words.push(&word);
            counts.push(count as i64);
            if batch.rows() == BATCH {
                output.send(&mut batch)?;
            }
        }
        output.send(&mut batch)?;
        Ok(Summary::default())
    }

    fn doctor(_: &Context, _: serde_json::Value, _: std::time::Duration) -> Health {
        Health::ok("there is nothing to connect to")
    }
}

/// Counts the words of a text.
fn count(text: &[u8], counts: &mut HashMap<Vec<u8>, u64>) {
    for word in text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        match counts.get_mut(word) {
            Some(count) => *count += 1,
            None => {
                counts.insert(word.to_owned(), 1);
            }
        }
    }
}

osiris_sdk::export!(WordCount);
