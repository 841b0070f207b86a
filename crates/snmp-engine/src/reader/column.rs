//! One column on its way from its root to its end.

use super::sizes::{AROUND, name_octets};
use super::variable::Variable;
use crate::message::{ValueRef, VarBindRef};
use crate::name::{Name, OrderKey};
use crate::{GapReason, Oid, deny};

/// The rows of a table of which nothing is known.
const USUAL_ROWS: u32 = 3;

/// One column on its way from its root to its end.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) root: Oid,
    pub(super) root_key: OrderKey,
    /// The last name that was had; the root before the first.
    pub(super) last: Oid,
    last_key: OrderKey,
    /// What the names take in a datagram.
    root_octets: usize,
    last_octets: usize,
    pub(super) rows: u32,
    pub(super) max_rows: u32,
    /// What its variables took in datagrams so far.
    octets: usize,
    /// How many rows it will probably have.
    expected: u32,
    /// It is one instance, which a single step from the name before it brings.
    instance: bool,
    /// GETBULK brought rows of it, or went over it.
    pub(super) by_bulk: bool,
    /// No chain leads to it: it is asked for by its own name.
    pub(super) alone: bool,
}

/// What a variable that came back for a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The column's next row.
    Row,
    /// Something behind the column's end.
    End,
    /// One row more than the query allows.
    TooMany,
    /// A name that does not go forward.
    Backwards,
}

impl Column {
    pub(super) fn new(root: Oid, max_rows: u32) -> Self {
        let octets = name_octets(&root);
        let key = OrderKey::of(root.arcs());
        Self {
            last: root.clone(),
            last_key: key,
            root_key: key,
            root_octets: octets,
            last_octets: octets,
            root,
            rows: 0,
            max_rows,
            octets: 0,
            expected: USUAL_ROWS,
            instance: false,
            by_bulk: false,
            alone: false,
        }
    }

    /// One instance, to be had by a step from `before`.
    pub(super) fn instance(name: Oid, before: Oid) -> Self {
        Self {
            last_key: OrderKey::of(before.arcs()),
            last_octets: name_octets(&before),
            last: before,
            instance: true,
            alone: true,
            ..Self::new(name, 1)
        }
    }

    /// Whether this name is one of its own.
    pub(super) fn holds(&self, name: Name<'_>) -> bool {
        name.starts_with(&self.root)
    }

    /// The last name that was had.
    pub(super) fn last(&self) -> Name<'_> {
        Name::with_key(self.last.arcs(), self.last_key)
    }

    /// What asking for it takes in a request.
    pub(super) fn request_octets(&self) -> usize {
        self.last_octets + AROUND
    }

    /// Whether it is one instance.
    pub(super) fn is_instance(&self) -> bool {
        self.instance
    }

    /// Goes on behind a row that was come to otherwise.
    pub(super) fn go_on_from(mut self, row: Oid) -> Self {
        self.last = row;
        self.alone = true;
        self
    }

    /// Takes the rows that are usual, or that a neighbour had, or that it had at the last read.
    pub(super) fn expect_rows(&mut self, rows: u32) {
        self.expected = rows.min(self.max_rows);
    }

    /// Whether nothing of it was had.
    pub(super) fn is_untouched(&self) -> bool {
        self.rows == 0
    }

    /// How many rows are probably still to come.
    pub(super) fn rows_left(&self) -> usize {
        if self.instance {
            return 0; // The one step tells all.
        }
        let left = match self.expected.checked_sub(self.rows) {
            Some(left) => left,
            // It has more than it should: as many again as half of what it had is a guess that
            // wastes little and ends a long table in few requests.
            None => self.rows.div_ceil(2),
        };
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    /// How large its next variable will probably be, where `value` is the size of a value of which
    /// nothing is known.
    pub(super) fn estimate(&self, value: usize) -> usize {
        match usize::try_from(self.rows) {
            Ok(rows @ 1..) => self.octets / rows,
            _ => self.root_octets + value + AROUND + 2,
        }
    }

    /// Looks at what came back for it, and goes forward if that is its next row.
    pub(super) fn take(&mut self, variable: &Variable<'_>) -> Found {
        // endOfMibView comes with the name that was asked for (RFC 3416 section 4.2.2), the other
        // exceptions do not belong here and mean no more.
        if variable.is_exception() {
            return Found::End;
        }
        if variable.name <= self.last() {
            return Found::Backwards;
        }
        let index = variable.name.arcs().strip_prefix(self.root.arcs());
        if index.is_none_or(|index| self.instance && !index.is_empty()) {
            return Found::End;
        }
        if self.rows == self.max_rows {
            return Found::TooMany;
        }
        self.go_on(variable);
        Found::Row
    }

    /// Goes forward if what came is plainly its next row; says whether it is.
    pub(super) fn take_row(&mut self, variable: &Variable<'_>) -> bool {
        let is_row = !self.instance
            && !variable.is_exception()
            && variable.name > self.last()
            && self.holds(variable.name)
            && self.rows < self.max_rows;
        if is_row {
            self.go_on(variable);
        }
        is_row
    }

    fn go_on(&mut self, variable: &Variable<'_>) {
        self.rows += 1;
        self.octets += variable.varbind.wire_len;
        self.last = variable.oid();
        self.last_key = variable.name.key();
        self.last_octets = variable.varbind.name.encoded_len();
    }
}

impl Found {
    /// Why the column is not complete, if it ends here and is not.
    pub(super) fn gap(self) -> Option<GapReason> {
        match self {
            Self::Row | Self::End => None,
            Self::TooMany => Some(GapReason::TooManyRows),
            Self::Backwards => Some(GapReason::NotIncreasing),
        }
    }
}

/// Whether an answer may be kept.
pub(super) fn may_keep(varbind: &VarBindRef<'_>, name: &Oid) -> bool {
    varbind.value != ValueRef::Null && deny::instance(name).is_none()
}
