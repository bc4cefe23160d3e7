"""Files of every format -> text: what kind a file is, its characters, and what a PDF, Word or HTML file says."""
