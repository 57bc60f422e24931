"""English dates in running text: the month in full, the time without a.m. and p.m.

https://docs.djangoproject.com/en/5.2/ref/settings/#format-module-path
"""

DATE_FORMAT = "F j, Y"
TIME_FORMAT = "H:i"
