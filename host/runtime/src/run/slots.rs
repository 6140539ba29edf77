//! Limit on the number of steps that run at the same time.
//!
//! Steps that exchange tables run together, because each waits for the others: such a group starts
//! as soon as it has room for all of its steps. Groups also include steps that wait for each
//! other's end in both directions, so that a group that waits for room never waits for itself.

use std::sync::Arc;

use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::plan::Task;

/// A group of steps that run together. Its slots are free when all steps have dropped it.
pub(super) struct Group {
    slots: Arc<Semaphore>,
    /// Number of slots of the group: all of them if the group is larger than the limit.
    size: u32,
    /// The ends of steps of other groups that steps of this group wait for.
    after: Vec<CancellationToken>,
    permit: OnceCell<Option<OwnedSemaphorePermit>>,
}

impl Group {
    /// Waits until the group has its slots.
    pub(super) async fn start(&self) {
        let wait = || async {
            // A group that held slots while it waits for another one could keep that from starting.
            for end in &self.after {
                end.cancelled().await;
            }
            // The semaphore is never closed.
            self.slots.clone().acquire_many_owned(self.size).await.ok()
        };
        self.permit.get_or_init(wait).await;
    }
}

/// Returns the group of each task, or `None` if all steps can run at the same time. `done[i]` is
/// cancelled when the step with index `i` has succeeded.
pub(super) fn groups(
    tasks: &[&Task],
    limit: u64,
    done: &[CancellationToken],
) -> Option<Vec<Arc<Group>>> {
    if limit >= tasks.len() as u64 {
        return None;
    }
    let limit = limit.max(1) as u32;
    let slots = Arc::new(Semaphore::new(limit as usize));
    let numbers = numbers(tasks);
    let groups = (0..tasks.len()).map(|number| {
        let members = || (0..tasks.len()).filter(|index| numbers[*index] == number);
        let others = members().flat_map(|index| &tasks[index].after);
        Arc::new(Group {
            slots: slots.clone(),
            size: u32::try_from(members().count()).unwrap_or(limit).min(limit),
            after: others
                .filter(|index| numbers[**index] != number)
                .map(|index| done[*index].clone())
                .collect(),
            permit: OnceCell::new(),
        })
    });
    let groups: Vec<_> = groups.collect();
    Some(numbers.iter().map(|number| groups[*number].clone()).collect())
}

/// Returns the number of each task's group.
fn numbers(tasks: &[&Task]) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..tasks.len()).collect();
    let join = |numbers: &mut Vec<usize>, from: usize, to: usize| {
        numbers.iter_mut().filter(|number| **number == from).for_each(|number| *number = to);
    };
    for (index, task) in tasks.iter().enumerate() {
        for (_, from) in &task.inputs {
            let (from, to) = (numbers[*from], numbers[index]);
            join(&mut numbers, from, to);
        }
    }
    // Two groups that wait for each other are one. Each pass joins two groups at least.
    loop {
        let reaches = |from: usize, to: usize| {
            let (mut visited, mut stack) = (vec![false; tasks.len()], vec![from]);
            while let Some(group) = stack.pop() {
                let members = (0..tasks.len()).filter(|index| numbers[*index] == group);
                for before in members.flat_map(|index| &tasks[index].after) {
                    let before = numbers[*before];
                    if !std::mem::replace(&mut visited[before], true) {
                        stack.push(before);
                    }
                }
            }
            visited[to]
        };
        let pairs = tasks
            .iter()
            .enumerate()
            .flat_map(|(index, task)| task.after.iter().map(move |before| (index, *before)));
        let cycle = pairs
            .map(|(index, before)| (numbers[index], numbers[before]))
            .find(|(group, before)| group != before && reaches(*before, *group));
        let Some((from, to)) = cycle else { return numbers };
        join(&mut numbers, from, to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::plan::tests::tasks;

    #[test]
    fn connected_steps_form_one_group() {
        // Two pairs, and a pair after the first of them.
        let tasks =
            tasks(&[(&[], &[]), (&[0], &[]), (&[], &[]), (&[2], &[]), (&[], &[1]), (&[4], &[])]);
        let numbers = numbers(&tasks.iter().collect::<Vec<_>>());
        assert_eq!(numbers, [1, 1, 3, 3, 5, 5]);
    }

    #[test]
    fn mutually_waiting_groups_are_merged() {
        // A source with an early and a late writer; a pair between the two.
        let tasks = tasks(&[(&[], &[]), (&[0], &[]), (&[], &[1]), (&[2], &[]), (&[0], &[3])]);
        let numbers = numbers(&tasks.iter().collect::<Vec<_>>());
        assert!(numbers.iter().all(|number| *number == numbers[0]), "{numbers:?}");
    }

    #[tokio::test]
    async fn group_waits_for_a_slot_and_its_predecessors() {
        let tasks = tasks(&[(&[], &[]), (&[0], &[]), (&[], &[1]), (&[2], &[]), (&[], &[])]);
        let done: Vec<_> = tasks.iter().map(|_| CancellationToken::new()).collect();
        let all = tasks.iter().collect::<Vec<_>>();
        assert!(groups(&all, 5, &done).is_none());
        let groups = groups(&all, 2, &done).unwrap();
        groups[0].start().await;
        groups[1].start().await;
        let later = groups[3].clone();
        let mut last = tokio::spawn(async move { later.start().await });
        let wait = std::time::Duration::from_millis(50);
        assert!(tokio::time::timeout(wait, &mut last).await.is_err());
        done[1].cancel();
        assert!(tokio::time::timeout(wait, &mut last).await.is_err(), "there is no room yet");
        drop(groups);
        last.await.unwrap();
    }
}
