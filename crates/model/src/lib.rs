//! The vocabulary of Pagetally: audits, readings, meters, supplies, observations, settings, submissions.
