//! The memories of a step.

#![allow(unsafe_code)]

use crate::memory::Place;

/// Elements at the beginning of a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Zeroed memory for numbers, from the beginning of a cache line on.
pub(crate) struct Aligned<T> {
    lines: Vec<Line>,
    numbers: std::marker::PhantomData<T>,
}

impl<T: Copy> Aligned<T> {
    /// How many numbers fill a cache line.
    pub const LINE: usize = size_of::<Line>() / size_of::<T>();

    pub fn new(len: usize) -> Self {
        let lines = vec![Line([0; 64]); len.div_ceil(Self::LINE)];
        Self { lines, numbers: std::marker::PhantomData }
    }

    pub fn pointer(&mut self) -> *mut T {
        self.lines.as_mut_ptr().cast()
    }

    /// How many numbers there is room for.
    pub fn len(&self) -> usize {
        self.lines.len() * Self::LINE
    }
}

/// The first elements of all memories, for as long as a step runs.
///
/// Invariant: outside a step it is empty, so that a plan can be sent to another thread.
pub(crate) struct Memory<T> {
    pub bases: Vec<*mut T>,
    /// How far apart the registers of two parts of a step lie: 0 if parts run one after the other.
    pub row: usize,
}

// SAFETY: there are pointers in it only while a step runs, which borrows what they lead to.
unsafe impl<T: Send> Send for Memory<T> {}
// SAFETY: a shared reference only reads the pointers; who follows them promises not to collide.
unsafe impl<T: Sync> Sync for Memory<T> {}

impl<T> Memory<T> {
    /// The address of a place.
    ///
    /// # Safety
    ///
    /// The place must lie in one of the memories.
    #[inline(always)]
    pub unsafe fn at(&self, place: Place) -> *mut T {
        // SAFETY: by the caller's promise.
        unsafe { self.bases.get_unchecked(place.base).add(place.offset) }
    }
}
