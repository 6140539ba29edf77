//! Calls every function of the contract 0.1.0: copies its input column by column, forwards one
//! batch, and tells the host all that a driver can tell.

use std::time::Duration;

use osiris_sdk::{
    BatchBuilder, Category, Column, ColumnBuilder, Context, DataType, Dataset, DatasetColumn,
    Driver, Error, Health, Input, Level, Output, Result, Step, Summary,
};
use serde_json::{Value, json};

struct Everything;

impl Driver for Everything {
    type Config = Value;

    fn run(
        ctx: &Context,
        step: Step<Value>,
        mut inputs: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        let mut output = output.ok_or_else(|| Error::internal("there is no output"))?;
        let input = inputs.first_mut().ok_or_else(|| Error::config("there is no input"))?;
        ctx.check_cancelled()?;
        let before: u64 = match ctx.load_state() {
            Some(state) => serde_json::from_str(&state).map_err(|e| Error::data(e.to_string()))?,
            None => 0,
        };
        ctx.save_state(&(before + 1).to_string())?;
        for (level, text) in [
            (Level::Trace, "trace"),
            (Level::Debug, "debug"),
            (Level::Info, "info"),
            (Level::Warn, "warn"),
            (Level::Error, "error"),
        ] {
            ctx.log(level, format!("evolution {text} {}", step.id));
        }
        ctx.metric("evolution_count", 42_i64, "rows", &[("part", "one")]);
        ctx.metric("evolution_share", 0.5_f64, "seconds", &[]);
        ctx.event("evolution.happened", &json!({"before": before}));
        std::fs::write(ctx.artifacts_dir().join("note.txt"), format!("run {before}\n"))?;
        let schema = input.schema()?.clone();
        output.open(&schema)?;
        let mut copied = BatchBuilder::new(&schema);
        let (mut rows, mut forwarded) = (0, false);
        while let Some(batch) = input.next()? {
            rows += batch.rows() as u64;
            ctx.progress(rows, Some(rows));
            if forwarded {
                copy(&batch.column(0)?, &batch.column(1)?, &mut copied)?;
                output.send(&mut copied)?;
            } else {
                output.forward(&batch)?;
                forwarded = true;
            }
        }
        Ok(Summary::default())
    }

    fn discover(_: &Context, config: Value) -> Result<Vec<Dataset>> {
        let column = DatasetColumn {
            name: "id".into(),
            data_type: DataType::Int64,
            native_type: "number".into(),
            nullable: false,
            primary_key: true,
        };
        let name = config["resolved_connection"]["place"].as_str().unwrap_or("nowhere");
        Ok(vec![Dataset {
            name: name.into(),
            kind: "table".into(),
            estimated_rows: Some(7),
            columns: vec![column],
        }])
    }

    fn doctor(_: &Context, connection: Value, timeout: Duration) -> Health {
        let place = connection["place"].as_str().unwrap_or("nowhere");
        let message = format!("well in {place}, within {} ms", timeout.as_millis());
        Health { category: Category::Ok, latency: Some(Duration::from_millis(5)), message }
    }
}

fn copy(ids: &Column, texts: &Column, batch: &mut BatchBuilder) -> Result<()> {
    let (Column::Int64(ids), Column::Utf8(texts)) = (ids, texts) else {
        return Err(Error::data("a column is of another type"));
    };
    let [ColumnBuilder::Int64(new_ids), ColumnBuilder::Utf8(new_texts)] = &mut batch.columns[..]
    else {
        return Err(Error::internal("the batch is another one"));
    };
    ids.iter().for_each(|id| new_ids.push_option(id));
    texts.iter().for_each(|text| new_texts.push_option(text));
    Ok(())
}

osiris_sdk::export!(Everything);
