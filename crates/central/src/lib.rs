//! Central: SOAP endpoint, books, settings and pages.
