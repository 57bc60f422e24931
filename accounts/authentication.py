from rest_framework.authentication import BaseAuthentication
from rest_framework.authentication import SessionAuthentication as Base


class JWTAuthentication(BaseAuthentication):
    def authenticate(self, request):
        return None

    def authenticate_header(self, request):
        return "Bearer"


class SessionAuthentication(Base):
    pass
