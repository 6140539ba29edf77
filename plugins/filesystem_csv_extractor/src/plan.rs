//! The first pass: which columns there are and what they hold.

use std::rc::Rc;

use osiris_sdk::{Context, DataType, Field, Result, Schema};

use crate::config::ParseDates;
use crate::fill::{Column, Origin};
use crate::header;
use crate::infer::Guess;
use crate::misfit::shorten;
use crate::names::Names;
use crate::nulls::Nulls;
use crate::options::Options;
use crate::parse::Format;
use crate::source::{Source, Stop};
use crate::split::Splitter;

/// The columns that the second pass reads.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The table's columns.
    pub(crate) schema: Schema,
    /// The reading of each of them.
    pub(crate) columns: Vec<Column>,
    /// The columns' names as the file has them, all of them.
    pub(crate) found: Names,
    /// The columns of text whose values look like numbers or dates, each with the reason.
    pub(crate) texts: Vec<(String, String)>,
    /// Rows that were looked at.
    pub(crate) rows: u64,
    /// The end of the last of them, as an offset into the text.
    pub(crate) bytes: u64,
    /// Whether these were all of the file's.
    pub(crate) read_all: bool,
}

impl Plan {
    /// Looks at the file.
    pub(crate) fn new(ctx: &Context, source: &Source, options: &Options) -> Result<Self> {
        source.read(|text| {
            let mut splitter = Splitter::new(text, options.dialect);
            let found = header::begin(&mut splitter, options, &source.path)?;
            if header::may_be_data(&found, options) {
                ctx.warn(format!(
                    "{}: the first row, {:?}, was dropped as the header, which `names` replaces; \
                     if it is data, set `header: false`",
                    source.path,
                    shorten(found.iter().collect::<Vec<_>>().join(", ").as_bytes())
                ));
            }
            if let Some(other) = header::other_delimiter(&found) {
                ctx.warn(format!(
                    "{}: the header is one column, {:?}; `delimiter: {other:?}` reads more of them",
                    source.path,
                    shorten(found.get(0).as_bytes())
                ));
            }
            let names = header::rename(&source.path, &found, options)?;
            let places = header::select(&source.path, &names, options)?;
            let mut search = Search::new(options, &names, &places);
            search.run(ctx, &mut splitter, options)?;
            Ok(search.plan(&names, found))
        })
    }
}

/// Looks for the types of columns.
struct Search {
    columns: Vec<ColumnSearch>,
    rows: u64,
    bytes: u64,
    read_all: bool,
    /// Whether the types come from a part of the rows that will be read.
    sample: bool,
}

/// A column whose type is looked for.
struct ColumnSearch {
    place: usize,
    source: TypeSource,
    nulls: Rc<Nulls>,
}

enum TypeSource {
    Declared(DataType, Option<Format>),
    /// Dates or points in time, as the configuration says.
    Dates(Guess),
    Guess(Guess),
}

impl Search {
    fn new(options: &Options, names: &Names, places: &[usize]) -> Self {
        let source = |name: &str| {
            let format = options.formats.get(name);
            let declared = options.types.get(name).cloned();
            let declared = declared.or_else(|| format.map(Format::data_type));
            match (declared.or_else(|| options.other_type.clone()), &options.parse_dates) {
                (Some(data_type), _) => TypeSource::Declared(data_type, format.cloned()),
                (None, ParseDates::Any(any)) => TypeSource::Guess(Guess::new(*any)),
                (None, ParseDates::Columns(dates)) if dates.iter().any(|date| date == name) => {
                    TypeSource::Dates(Guess::dates())
                }
                (None, ParseDates::Columns(_)) => TypeSource::Guess(Guess::new(false)),
            }
        };
        let column = |place: &usize| {
            let name = names.get(*place);
            let nulls = Rc::clone(options.nulls_of(name));
            ColumnSearch { place: *place, source: source(name), nulls }
        };
        let columns = places.iter().map(column).collect();
        Self { columns, rows: 0, bytes: 0, read_all: false, sample: false }
    }

    fn run(
        &mut self,
        ctx: &Context,
        splitter: &mut Splitter<'_>,
        options: &Options,
    ) -> Result<(), Stop> {
        let wanted = options.limit.min(options.infer_rows);
        while !self.settled() {
            let left = wanted - self.rows;
            if left == 0 {
                self.sample = options.infer_rows < options.limit;
                return Ok(());
            }
            let Some(block) = splitter.block()? else {
                self.read_all = true;
                return Ok(());
            };
            let rows = left.min(block.rows() as u64) as usize;
            let block = block.first(rows);
            for ColumnSearch { place, source, nulls } in &mut self.columns {
                if let TypeSource::Guess(guess) | TypeSource::Dates(guess) = source {
                    guess.observe(&block, *place, &options.reading, nulls);
                }
            }
            self.rows += rows as u64;
            self.bytes = block.end();
            ctx.check_cancelled()?;
        }
        Ok(())
    }

    /// Returns whether no row can change a type any more.
    fn settled(&self) -> bool {
        self.columns.iter().all(|column| match &column.source {
            TypeSource::Declared(..) => true,
            TypeSource::Dates(_) => false,
            TypeSource::Guess(guess) => guess.settled(),
        })
    }

    fn plan(self, names: &Names, found: Names) -> Plan {
        let Self { columns, rows, bytes, read_all, sample } = self;
        let reason = |column: &ColumnSearch| match &column.source {
            TypeSource::Guess(guess) => {
                guess.reason().map(|reason| (names.get(column.place).to_owned(), reason))
            }
            _ => None,
        };
        let texts = columns.iter().filter_map(reason).collect();
        let chosen = if sample { Origin::Sample } else { Origin::Values };
        let column = |ColumnSearch { place, source, nulls }: ColumnSearch| {
            let name = names.get(place).to_owned();
            let (field, origin, format) = match source {
                TypeSource::Declared(data_type, format) => {
                    (Field::new(name, data_type, true), Origin::Declared, format)
                }
                TypeSource::Dates(guess) => (guess.field(name), Origin::Dates, None),
                TypeSource::Guess(guess) => (guess.field(name), chosen, None),
            };
            (field, Column { place, origin, format, nulls })
        };
        let (fields, columns) = columns.into_iter().map(column).unzip();
        Plan { schema: Schema::new(fields), columns, found, texts, rows, bytes, read_all }
    }
}
