//! The agent's outbound client to Central: TLS, retries, enrolment, submission, settings.
