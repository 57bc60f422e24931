from django.contrib.auth.middleware import LoginRequiredMiddleware as Base


class LoginRequiredMiddleware(Base):
    pass
